from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine, LlamaOptions
from tui.core.models import starter_model


@pytest.fixture(scope="session")
def starter() -> Path:
    path = starter_model()
    assert path is not None, "the extra [starter] is not installed"
    return path


@pytest.fixture(scope="session")
def fingerprints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the starter's identity is remembered: reading it takes longer than most tests here."""
    return tmp_path_factory.mktemp("known") / "models.json"


@pytest.fixture(scope="session")
def starter_engine(starter: Path, fingerprints: Path) -> Iterator[LlamaEngine]:
    """The starter model, loaded once; on one thread, because another test may hold the second core."""
    options = LlamaOptions(context=1024, threads=1, memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    engine.fingerprint()
    yield engine
    engine.close()


#: A chat template with a pattern to go on with; the prompt ends where the thinking begins.
THINKING = (
    "Q: one\n<think>\nIt is 1.\n</think>\nuno\n"
    "Q: two\n<think>\nIt is 2.\n</think>\ndos\n"
    "Q: three\n<think>\nIt is 3.\n</think>\ntres\n"
    "Q: {{ messages[-1].content }}\n<think>\n"
)


@pytest.fixture(scope="session")
def thinker(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """The starter model with its template replaced by one of the same length that makes it think."""
    whole = starter.read_bytes()
    at = whole.index(b"{% for message in messages %}{% if loop.first")
    end = whole.index(b"<|im_start|>assistant\n' }}{% endif %}", at) + 37
    filler = "{#" + "-" * (end - at - len(THINKING) - 4) + "#}"
    path = tmp_path_factory.mktemp("thinker") / "thinker.gguf"
    path.write_bytes(whole[:at] + (filler + THINKING).encode() + whole[end:])
    engine = LlamaEngine(path, LlamaOptions(context=512, threads=1), lambda _fraction: True)
    assert engine.info.notes == ()
    yield engine
    engine.close()
    path.unlink()
