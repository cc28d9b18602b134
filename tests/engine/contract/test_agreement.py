"""The same log-probabilities wherever the starter runs, within what its way of computing allows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.agreement import ASKED, Expected, difference, expected, tolerance
from engine.contract import Scales
from engine.llama.engine import LlamaEngine
from modes.share.library import Shelved
from tests.engine.contract.places import Place
from tests.engine.reference import DenseLlama

SETTINGS: tuple[Scales, ...] = ((), (("legal", 1.0),), (("coding", 1.0),))


@pytest.fixture(scope="session")
def known(starter: Path, starter_engine: LlamaEngine, shipped: Shelved) -> dict[Scales, Expected]:
    """What float32 makes of one question and its answer in every setting."""
    dense = DenseLlama(starter, kept=np.float32)
    return {scales: expected(dense, starter_engine, shipped, scales, ASKED[0]) for scales in SETTINGS}


def test_log_probabilities_are_those_of_the_same_weights_in_float32(
    anywhere: Place, known: dict[Scales, Expected]
) -> None:
    found = [difference(anywhere.engine, known[scales], scales, ASKED[0]) for scales in SETTINGS]
    assert max(found) < tolerance(anywhere.name)
    moved = np.abs(known[SETTINGS[1]].ends - known[()].ends).max()
    assert moved > 2, "the mode was to change something"
