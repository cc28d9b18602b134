"""The same load on every kind of engine: MLX here, llama-server and mlx_lm.server in their own processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.llama.engine import LlamaEngine
from engine.mlx.engine import MlxEngine, MlxOptions
from engine.remote.engine import RemoteEngine, RemoteOptions
from engine.remote.shelf import version_of
from tests.engine.mlx.conftest import write_tiny_folder
from tests.engine.remote.servers import llama_server, mlx_server
from tests.tui.core.load.conftest import Loading
from tests.tui.core.test_evaluate import report_of
from tests.tui.small import Small
from tui.core.evaluation.events import Planned
from tui.core.exporting import write_mode


def test_what_one_engine_measured_is_not_gone_on_with_by_another(
    small: Small, load: Loading, engine: LlamaEngine
) -> None:
    first = load(engine, (1,)).run()
    next(first), next(first)
    first.close()
    other = MlxEngine(small.model, MlxOptions(context=512, slots=1), lambda _fraction: True)
    try:
        run = load(other, (1,)).run()
        plan = next(run)
        run.close()
    finally:
        other.close()
    assert isinstance(plan, Planned)
    assert plan.done == 0


def test_mlx_holds_modes_in_one_batch_and_scores_items_meanwhile(small: Small, load: Loading) -> None:
    engine = MlxEngine(small.model, MlxOptions(context=512, slots=3), lambda _fraction: True)
    try:
        report = report_of(list(load(engine, (3,)).run()))
    finally:
        engine.close()
    assert report["coefficients"] == ["first", "second"]
    assert report["criteria"]["answers"]["status"] == "pass"
    assert {name: row["asked"] for name, row in report["items"].items()} == {"first": 3, "second": 3}
    assert report["same"]["3"]["asked"] == 3


def test_a_llama_server_wears_the_adapters_that_it_has_and_says_which_it_lacks(
    small: Small, load: Loading, tmp_path: Path
) -> None:
    shelved = small.library.load()
    first = shelved.basis, shelved.modes["first"]
    file = tmp_path / f"first-{version_of(*first)}.gguf"
    write_mode("gguf", file, *first, small.model)
    with llama_server(small.model, file) as url:
        engine = RemoteEngine(url, RemoteOptions(memo=small.data / "models.json"), lambda _fraction: True)
        try:
            report = report_of(list(load(engine, (1, 4)).run()))
        finally:
            engine.close()
    assert report["coefficients"] == ["first"]
    (lacks,) = [note for note in report["notes"] if note.startswith("second: only the prompt is asked")]
    assert "was started without" in lacks
    assert report["criteria"]["answers"]["sentence"] == "all 42 did"
    row = report["modes"]["4"]["first"]
    assert row["answers"] >= 3
    # Not the rate: an answer whose pieces come over the wire all at once has none.
    assert row["ttft"]["pairs"] == 3
    assert "llama-server" in report["criteria"]["items"]["sentence"]


def test_an_mlx_lm_server_of_an_unknown_base_is_measured_by_prompts(tmp_path: Path, load: Loading) -> None:
    pytest.importorskip("mlx_lm")
    with mlx_server(write_tiny_folder(tmp_path / "tiny")) as url:
        engine = RemoteEngine(url, RemoteOptions(), lambda _fraction: True)
        try:
            report = report_of(list(load(engine, (2,)).run()))
        finally:
            engine.close()
    assert report["coefficients"] == []
    assert any("not known which base runs there" in note for note in report["notes"])
    assert report["criteria"]["answers"]["status"] == "pass"
    assert all("p50" in row["ttft_ms"] for row in report["loads"])
