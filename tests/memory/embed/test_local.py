"""The starter's embedding model in its process: meaning, faults, and its end with ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from memory.contract import EmbedderUnavailable
from memory.embed import LocalEmbedder
from memory.embed.folder import identity

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("embedder")]


@pytest.fixture(scope="module")
def embedder() -> Iterator[LocalEmbedder]:
    made = LocalEmbedder()
    made.warm()
    yield made
    made.close()


def test_texts_that_mean_the_same_are_near(embedder: LocalEmbedder) -> None:
    rows = embedder.embed(["How do I appeal a denied claim?", "The dog sleeps on the sofa."])
    asked = embedder.embed(["appealing the denial of a claim"], query=True)[0]
    near, far = rows @ asked
    assert near > 0.6
    assert far < 0.3
    assert rows.dtype == np.float32 and rows.shape == (2, embedder.dim) == (2, 384)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.model.startswith("all-minilm-l6-v2@")


def test_batches_tell_their_progress_and_do_not_change_what_comes_out(embedder: LocalEmbedder) -> None:
    texts = [f"memory {at}" for at in range(20)]
    done: list[int] = []
    rows = embedder.embed(texts, progress=done.append)
    assert done == [16, 20]
    assert rows[17] == pytest.approx(embedder.embed([texts[17]])[0], abs=1e-5)
    assert embedder.embed([]).shape == (0, 384)


def test_any_text_can_be_embedded(embedder: LocalEmbedder) -> None:
    rows = embedder.embed(["", "\x00\x1b[31m", "lone \ud83d half", "ᏣᎳᎩ", "word " * 130_000])
    assert np.isfinite(rows).all()


def test_several_threads_get_each_their_own(embedder: LocalEmbedder) -> None:
    alone = {word: embedder.embed([word])[0] for word in ("river", "stone", "bread")}
    found: dict[str, np.ndarray] = {}

    def ask(word: str) -> None:
        found[word] = embedder.embed([word] * 20, query=word == "bread")[19]

    threads = [threading.Thread(target=ask, args=(word,)) for word in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[word] == pytest.approx(alone[word], abs=1e-5) for word in alone)


def test_a_helper_that_was_killed_is_started_anew(embedder: LocalEmbedder) -> None:
    before = embedder.embed(["river"])
    first = embedder.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert embedder.embed(["river"]) == pytest.approx(before)
    assert embedder.pid != first


def test_the_helper_ends_with_a_parent_that_is_killed() -> None:
    script = (
        "from memory.embed import LocalEmbedder; import sys, time\n"
        "one = LocalEmbedder(); one.warm(); print(one.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        helper = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _gone, alive = psutil.wait_procs([helper], timeout=60)
    assert alive == []


def test_closing_ends_the_helper_and_whoever_waits_is_told() -> None:
    one = LocalEmbedder()
    one.warm()
    assert one.pid is not None
    helper = psutil.Process(one.pid)
    told: list[str] = []

    def ask() -> None:
        try:
            one.embed(["river"])
        except EmbedderUnavailable as trouble:
            told.append(str(trouble))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.05)
    one.close()
    asking.join(60)
    assert told == ["the embedder is closed"]
    assert not helper.is_running() or helper.status() == psutil.STATUS_ZOMBIE


def test_a_folder_without_a_model_and_a_broken_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"no config\.json"):
        LocalEmbedder(tmp_path).warm()
    (tmp_path / "config.json").write_text("{}")
    broken = LocalEmbedder(tmp_path)
    with pytest.raises(EmbedderUnavailable, match="cannot be used"):
        broken.embed(["a"])
    broken.close()


def test_a_model_is_known_by_its_name_and_what_is_in_its_files(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "README.md").write_text("one")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(bytes(3 << 20))
    first = identity(tmp_path, "m")
    (tmp_path / "README.md").write_text("another")
    assert identity(tmp_path, "m") == first
    for noted in (".cache/huggingface/download/config.json.metadata", ".git/FETCH_HEAD"):
        (tmp_path / noted).parent.mkdir(parents=True)
        (tmp_path / noted).write_text("fetched today")
    assert identity(tmp_path, "m") == first, "what a download or git notes down decides no vector"
    weights.write_bytes(bytes(3 << 20)[:-1] + b"x")
    assert identity(tmp_path, "m") != first
    assert first.startswith("m@")


def test_importing_embedders_loads_nothing_heavy() -> None:
    heavy = {"torch", "sentence_transformers", "transformers", "httpx"}
    script = f"import sys, memory.embed, memory.recall.recall; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
