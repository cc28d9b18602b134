"""Files that are no model, or not a whole one: each is refused with what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from engine.contract import LoadCancelled, ModelUnusable
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.model import LlamaModel, explain_refusal

SMALL = LlamaOptions(context=256, threads=1)


def refusal(path: Path, options: LlamaOptions = SMALL) -> str:
    with pytest.raises(ModelUnusable) as refused:
        LlamaEngine(path, options, lambda _fraction: True)
    assert str(path) in str(refused.value)
    return str(refused.value)


def cut_off(whole: Path, path: Path, size: int) -> Path:
    with whole.open("rb") as source, path.open("wb") as target:
        target.write(source.read(size))
    return path


def test_no_file_names_the_ways_to_name_one(tmp_path: Path) -> None:
    said = refusal(tmp_path / "absent.gguf")
    assert said.startswith("no model file at ")
    for way in ("--model", "MODESHARE_MODEL", "config.toml"):
        assert way in said


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04 a zip", b"ggml but old", "ᎣᏏᏲ".encode()])
def test_a_file_of_another_kind_is_told_by_its_beginning(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    said = refusal(path)
    assert f"is not a GGUF file (it begins with {content[:4]!r})" in said
    assert "download" in said


@pytest.mark.parametrize("size", [4, 24, 1000, 1_000_000])
def test_a_file_that_ends_in_its_header_is_incomplete(starter: Path, tmp_path: Path, size: int) -> None:
    said = refusal(cut_off(starter, tmp_path / "cut.gguf", size))
    assert "damaged or incomplete" in said
    assert "download it again" in said


def test_a_file_that_ends_in_its_tensors_is_incomplete(starter: Path, tmp_path: Path) -> None:
    said = refusal(cut_off(starter, tmp_path / "cut.gguf", starter.stat().st_size - 1000))
    assert "damaged or incomplete" in said
    assert "download it again" in said


def test_an_architecture_that_llama_cpp_does_not_know_is_named(tmp_path: Path) -> None:
    path = tmp_path / "strange.gguf"
    writer = GGUFWriter(path, "strange-net")
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    said = refusal(path)
    assert "the architecture 'strange-net', which this llama.cpp does not know" in said


def test_a_model_without_its_parts_is_refused_in_llama_cpps_words(tmp_path: Path) -> None:
    path = tmp_path / "hollow.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert "could not be loaded; llama.cpp said: " in refusal(path)


def test_a_refusal_without_a_reason_is_still_a_sentence() -> None:
    said = explain_refusal(Path("a.gguf"), [])
    assert said == "a.gguf could not be loaded; llama.cpp said: it gave no reason"


def test_after_a_refusal_a_good_file_loads(starter: Path, tmp_path: Path) -> None:
    refusal(cut_off(starter, tmp_path / "cut.gguf", 1000))
    model = LlamaModel(starter, 0, lambda _fraction: True)
    assert model.architecture == "llama"
    assert model.metadata("no.such.key") is None
    assert model.chat_template()
    model.free()
    model.free()


@pytest.mark.parametrize("at", [0.0, 0.5])
def test_a_load_is_given_up_when_it_is_asked_to(starter: Path, at: float) -> None:
    seen = []

    def on_progress(fraction: float) -> bool:
        seen.append(fraction)
        return all(fraction < at for fraction in seen)

    with pytest.raises(LoadCancelled, match=starter.name):
        LlamaEngine(starter, SMALL, on_progress)
    assert max(seen) < 1


def test_progress_goes_from_nothing_to_all(starter: Path) -> None:
    seen = []

    def on_progress(fraction: float) -> bool:
        seen.append(fraction)
        return True

    LlamaModel(starter, 0, on_progress).free()
    assert seen == sorted(seen)
    assert [seen[0], seen[-1]] == [0.0, 1.0]


def test_a_context_beyond_all_memory_is_refused_and_says_what_would_fit(starter: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"a context of 999,999,999 tokens .* what fits is --context \d+"):
        LlamaEngine(starter, LlamaOptions(context=999_999_999, threads=1), lambda _fraction: True)


@pytest.mark.xdist_group("gemma")
def test_bos_stands_once_whether_the_template_wrote_it_or_not(gemma: Path) -> None:
    model = LlamaModel(gemma, 0, lambda _fraction: True)
    bare, written = model.prompt_tokens("Paris"), model.prompt_tokens("<bos>Paris")
    assert bare == written
    assert [model.token_text(token) for token in bare] == ["<bos>", "Paris"]
    assert model.tokenize("<bos>", special=False, parse=False) != bare[:1], "plain text is no control token"
    model.free()


def test_a_tokenizer_without_bos_adds_none(starter: Path) -> None:
    model = LlamaModel(starter, 0, lambda _fraction: True)
    text = "<|im_start|>user\nᎣᏏᏲ<|im_end|>"
    tokens = model.prompt_tokens(text)
    assert b"".join(model.piece(token, special=True) for token in tokens).decode() == text
    assert b"".join(model.piece(token) for token in tokens).decode() == "user\nᎣᏏᏲ"
    assert [model.single_token("<|im_end|>"), model.single_token("two words")] == [tokens[-1], None]
    assert model.is_end(tokens[-1])
    model.free()
