"""Two reports beside each other: what changed beyond noise, and reports that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tui.core.evaluation.changes import changes, check_base, read_report
from tui.core.evaluation.endings import BadReport


def report(right: Sequence[int | None], facts: list[str] | None = None, ratio: float = 1.0) -> dict[str, Any]:
    """Of one domain and one mode."""
    items = [f"item {i}" for i in range(len(right))]
    one = {
        "items": items,
        "facts": facts or items,
        "kinds": ["choice"] * len(items),
        "fixed": {"legal": {"values": right}},
        "alone": {},
    }
    beside = {"median": ratio, "low": ratio - 0.01, "high": ratio + 0.01}
    return {
        "schema": 1,
        "kind": "modeshare evaluation",
        "run": "then",
        "model": {"name": "tiny", "fingerprint": "abc"},
        "scores": {"legal": one},
        "decode": {"ratios": {"legal": {"0": beside}}},
    }


def test_the_same_again_has_changed_nothing() -> None:
    found = changes(report([1, 0, 1, 1, 0, 1]), report([1, 0, 1, 1, 0, 1]))
    assert [one["value"] for one in found["scores"]] == [0.0]
    assert not any(one["beyond_noise"] for one in (*found["scores"], *found["speed"]))


def test_what_changed_for_most_items_is_beyond_noise() -> None:
    (one,) = changes(report([1] * 12), report([0] * 10 + [1] * 2))["scores"]
    assert one["beyond_noise"]
    assert [one["domain"], one["who"], one["worse"], one["items"]] == ["legal", "legal", 10, 12]


def test_one_item_more_is_noise() -> None:
    (one,) = changes(report([0] * 12), report([1] + [0] * 11))["scores"]
    assert not one["beyond_noise"]


def test_few_facts_are_never_beyond_noise() -> None:
    facts = ["a", "a", "b", "b"] * 3
    (one,) = changes(report([1] * 12, facts), report([0] * 12, facts))["scores"]
    assert not one["beyond_noise"]


def test_only_items_that_both_were_asked_count() -> None:
    (one,) = changes(report([1, 1, None, 1]), report([0, 1, 1, 1, 1]))["scores"]
    assert one["items"] == 3


def test_a_speed_changed_when_the_ranges_do_not_meet() -> None:
    found = changes(report([1]), report([1], ratio=0.9))["speed"]
    assert [one["beyond_noise"] for one in found] == [True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no report of tui --bench"),
        ("[1]", "no report of tui --bench"),
        ('{"schema": 1}', "no report of tui --bench"),
        (json.dumps({**report([1]), "schema": 9}), "has schema 9, this program reads 1"),
        (json.dumps({**report([1]), "scores": None}), "is damaged"),
    ],
)
def test_what_is_no_report_is_refused_with_what_to_do(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "old.json"
    file.write_text(content)
    with pytest.raises(BadReport, match=said):
        read_report(file)


def test_a_report_with_holes_is_refused_when_it_is_compared() -> None:
    old = report([1])
    del old["scores"]["legal"]["facts"]
    with pytest.raises(BadReport, match="damaged"):
        changes(old, report([1]))


def test_a_run_is_found_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report([1])))
    assert read_report(tmp_path) == report([1])


def test_another_base_is_refused_by_both_names() -> None:
    with pytest.raises(BadReport, match=r"another base, tiny \(abc\), and this is large \(def\)"):
        check_base(report([1]), "large", "def", "CPU", Path("old.json"))
    assert check_base(report([1]), "tiny", "abc", "GPU", Path("old.json")) == ""


def test_of_a_server_without_a_fingerprint_the_name_decides_and_what_cannot_be_told_is_said() -> None:
    old = report([1])
    old["model"] = {"name": "tiny", "fingerprint": None}
    old["identity"] = {"base": "tiny, vllm at a:1"}
    with pytest.raises(BadReport, match=r"another base, tiny \(no fingerprint\), and this is large"):
        check_base(old, "large", None, "vllm at a:1", Path("old.json"))
    with pytest.raises(BadReport, match=r"another base, tiny \(no fingerprint\), and this is tiny \(abc\)"):
        check_base(old, "tiny", "abc", "CPU", Path("old.json"))
    assert check_base(old, "tiny", None, "vllm at a:1", Path("old.json")) == ""
    said = check_base(old, "tiny", None, "vllm at b:1", Path("old.json"))
    assert said == (
        "old.json is of tiny, vllm at a:1, and this is tiny, vllm at b:1: neither tells a "
        "fingerprint, so whether that is the same base cannot be told"
    )
