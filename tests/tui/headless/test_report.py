"""What is printed for programs is JSON, whatever the numbers are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.lowrank import Coefficients, Core
from modes.share.checking import spectra
from modes.share.subspace import seeded
from tui.headless import verifying
from tui.headless.report import write_json


def refuse(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def test_a_number_that_is_none_becomes_null_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    inf, nan = float("inf"), float("nan")
    write_json({"a": inf, "b": [1.5, -inf, {"c": (nan, "Infinity", True, None), 3: np.float64(nan)}]})
    found = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert found == {"a": None, "b": [1.5, None, {"c": [None, "Infinity", True, None], "3": None}]}


def test_the_gap_of_a_change_of_one_direction_is_null_in_json_and_inf_in_a_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shapes = {"blk.0.ffn_down.weight": (8, 8)}
    one = Coefficients({name: Core(np.ones((1, 1), np.float32)) for name in shapes})
    found = {"one": spectra(seeded(shapes, 1, "base", 0), one, dict.fromkeys(shapes, 100.0))}
    for as_json in (True, False):
        verifying._tell(found, {"one": []}, as_json, every=True)
    line, *table = capsys.readouterr().out.splitlines()
    (module,) = json.loads(line, parse_constant=refuse)["modes"]["one"]["modules"]
    assert module["gap"] is None
    assert module["effective_rank"] == 1
    assert table[-1].split()[2] == "inf"
