"""The gate of a compaction, with the modes that are shipped and the starter model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.llama.engine import LlamaEngine
from engine.lowrank import Coefficients, Core
from modes.evaluation.statistics import compared
from modes.share.library import Library, Shelved
from tui.core.coefficients import SHIPPED
from tui.core.notices import Notices
from tui.headless.gate import DomainGate, loses


@pytest.fixture
def shipped() -> Shelved:
    """Two of the modes, and one that no domain tests."""
    found = Library(SHIPPED).load()
    return replace(found, modes={"coding": found.modes["coding"], "river": found.modes["legal"]})


def emptied(shelved: Shelved, name: str) -> Shelved:
    nothing = {
        module: Core(np.zeros_like(core.dense())) for module, core in shelved.modes[name].cores.items()
    }
    return replace(shelved, modes={**shelved.modes, name: Coefficients(nothing)})


@pytest.mark.model
def test_a_mode_that_loses_what_it_has_learned_is_objected_to_and_one_that_keeps_it_is_not(
    starter_engine: LlamaEngine, shipped: Shelved, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = DomainGate(starter_engine, 12, Notices())
    assert gate(shipped, shipped) is None
    said = capsys.readouterr().err
    assert "there is no test for river: what they lose is not known\n" in said
    assert "coding: +0.0 points (+0.0 to +0.0) on 12 items\n" in said
    objection = gate(shipped, emptied(shipped, "coding"))
    assert objection is not None
    assert objection.startswith("coding changes by -")
    assert "no test" not in capsys.readouterr().err
    assert "compacted" not in starter_engine.installed()


@pytest.mark.parametrize(("before", "after"), [(170, 160), (160, 150), (120, 110), (30, 20)])
def test_exactly_five_points_are_lost_however_they_are_written_in_binary(before: int, after: int) -> None:
    def change(right: int) -> bool:
        then, now = ([1.0] * count + [0.0] * (200 - count) for count in (before, right))
        return loses(compared(then, now, range(200)))

    assert [change(after - 1), change(after), change(after + 1)] == [True, True, False]
