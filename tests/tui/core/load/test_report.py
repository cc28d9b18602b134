"""What a load is judged by, told in tables, and compared with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tui.core.load.made import answer, report, turns
from tui.core.evaluation import tables as columns
from tui.core.evaluation.changes import read_report
from tui.core.evaluation.endings import BadReport
from tui.core.load import tables
from tui.core.load.changes import PARTS, changes
from tui.core.load.figures import Turn
from tui.core.load.report import KIND, failed
from tui.core.load.wave import Heard


def status(found: dict[str, Any], key: str) -> str:
    return str(found["criteria"][key]["status"])


def test_a_mode_as_fast_as_the_base_passes_and_one_that_is_not_fails() -> None:
    assert status(report(turns(2, slower=1.05)), "speed") == "pass"
    slow = report(turns(2, slower=1.3))
    assert status(slow, "speed") == "fail"
    assert failed(slow) == [
        "at most 10 % slower in a mode than the base under load: of the base: "
        "all together with 2 at once 0.769, legal with 2 at once 0.769"
    ]


def test_modes_that_wait_for_each_other_fail_although_each_is_as_fast_as_the_base_while_it_writes() -> None:
    waiting = [Turn(2, one.number, (one.mixed[0], later(one.mixed[1])), one.base) for one in turns(2)]
    found = report(waiting)
    assert found["modes"]["2"]["legal"]["decode"]["median"] == 1.0
    assert found["criteria"]["speed"] == {
        "name": "at most 10 % slower in a mode than the base under load",
        "status": "fail",
        "sentence": "of the base: all together with 2 at once 0.250",
    }


def later(one: Heard) -> Heard:
    """The same answer when the others are over."""
    return replace(one, arrived=tuple(at + 0.3 for at in one.arrived))


def test_a_ratio_that_is_low_only_sometimes_is_not_measured() -> None:
    unsure = [*turns(2, slower=1.3, number=2), *turns(2, slower=0.9, number=1)]
    assert status(report(unsure), "speed") == "not measured"
    assert "measure on a quiet machine" in report(unsure)["criteria"]["speed"]["sentence"]


def test_a_mode_does_not_fail_where_the_base_alone_differs_as_much() -> None:
    calm, *others = turns(2, slower=1.3)
    slow_all = [
        Turn(2, one.number, *(tuple(slower(each) for each in half) for half in (one.mixed, one.base)))
        for one in others
    ]
    found = report([calm, *slow_all])
    assert found["modes"]["2"]["legal"]["decode"]["high"] < 0.9
    assert status(found, "speed") == "not measured"


def slower(one: Heard) -> Heard:
    """The same answer on a machine of half the speed."""
    return replace(one, arrived=tuple(2 * at for at in one.arrived))


def test_two_turns_are_too_few_to_fail_a_mode() -> None:
    assert status(report(turns(2, slower=1.5, number=2)), "speed") == "not measured"


def test_without_coefficients_the_speed_of_modes_is_not_measured_and_says_why() -> None:
    found = report(turns(2), coefficients=[])
    assert found["criteria"]["speed"]["sentence"] == "no mode has coefficients here"
    assert failed(found) == []
    assert [row[0] for row in tables.modes(found)] == ["mode", "base", "(legal)"]
    assert tables.remarks(found) == ["in brackets, only a prompt here: legal"]


def test_an_answer_that_failed_fails_the_load_and_says_with_what() -> None:
    (one,) = turns(2, number=1)
    gone = Turn(2, 0, (one.mixed[0], answer("legal", 0.1, 0.01, error="it went away")), one.base)
    assert failed(report([gone])) == ["every answer comes to its end: 1 of 4 did not: it went away"]
    assert "it broke off: no server" in failed(report([one], broken="no server"))[0]


@pytest.mark.parametrize(("worse", "said"), [(1, "pass"), (2, "fail")])
def test_one_item_may_be_lost_to_rounding_and_two_may_not(worse: int, said: str) -> None:
    row = {"mode": "legal", "asked": 6, "quiet": 6, "loaded": 6 - worse, "better": 0, "worse": worse}
    assert status(report(turns(2), items={"legal": row}), "items") == said


def test_items_that_were_not_asked_say_why() -> None:
    found = report(turns(2), items_note="the server does not tell how likely a text is")
    assert found["criteria"]["items"] == {
        "name": "a mode's own items as well under load as alone",
        "status": "not measured",
        "sentence": "the server does not tell how likely a text is",
    }


def test_the_tables_fit_a_terminal_however_long_it_took() -> None:
    slow = [answer("legal", 98_765.4, 1234.5)] * 2
    found = report([Turn(256, at, tuple(slow * 128), tuple(slow * 128)) for at in range(3)], coefficients=[])
    for title, rows in tables.sections(found):
        lines = columns.lines(rows, title)
        assert max(map(len, [title, *lines])) <= 80, title
        assert len(lines) >= len(rows)


def test_pieces_of_several_tokens_are_told() -> None:
    (one,) = turns(1, number=1)
    said = tables.remarks(report([one], notes=["a note"]))
    assert said == ["a note"]
    coarse = Turn(1, 0, (replace(answer("base", 0.1, 0.1, tokens=4), tokens=12),), one.base)
    assert "3.0 tokens arrive in one piece" in tables.remarks(report([coarse]))[0]


def test_a_load_is_compared_by_ranges_that_do_not_meet() -> None:
    before, after = report(turns(2)), report(turns(2, slower=1.5))
    found = changes(before, after)
    moved = {one["what"] for one in found["rows"] if one["beyond_noise"]}
    assert moved == {"tok/s mixed", "decode, mixed of base", "decode, legal of base"}
    assert ("2 at once: decode, legal of base", "1.000 to 0.667") in tables.compared(found)
    assert tables.compared(changes(before, before))[0][0] == "nothing beyond noise"


def test_another_kind_of_report_is_refused_by_what_would_write_it(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(json.dumps({"schema": 1, "kind": "modeshare evaluation", "scores": {}, "model": {}}))
    with pytest.raises(BadReport, match="no report of tui --bench --slots"):
        read_report(file, KIND, PARTS)
    file.write_text(json.dumps(report(turns(2))))
    assert read_report(file, KIND, PARTS)["run"] == "then"
    damaged = report(turns(2))
    damaged["loads"] = [{}]
    with pytest.raises(BadReport, match="damaged"):
        changes(damaged, report(turns(2)))
