"""What the memories say of the second hypothesis, and that nothing is said where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modes.evaluation.verdict import Measured, verdict
from tui.core.evaluation.audited import UNAUDITED, Audited, audited
from tui.core.evaluation.report import judged
from tui.core.remembering import open_store

NOTHING: dict[str, Any] = {
    "forgetting": {"domains": {}},
    "memory": {},
    "decode": {"ratio": None, "ratios": {}},
}


def test_without_memories_it_is_not_measured(tmp_path: Path) -> None:
    assert audited(None) == audited(tmp_path) == UNAUDITED
    assert list(tmp_path.iterdir()) == []
    open_store(tmp_path).close()
    assert audited(tmp_path) == Audited(None, "there are no memories to audit")


def test_too_few_memories_are_told_with_their_numbers(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.add("Rule 1 is on claims. It says what has to be shown.", tags=["va"])
    store.close()
    found = audited(tmp_path)
    assert found.enough is False
    assert found.sentence.startswith("legal missing (1 conversations), coding missing")


def test_a_store_that_cannot_be_read_is_told_and_not_measured(tmp_path: Path) -> None:
    (tmp_path / "memories.sqlite3").write_bytes(b"no database" * 500)
    found = audited(tmp_path)
    assert found.enough is None
    assert found.sentence.startswith("the memories cannot be audited: ")


def test_the_report_has_what_the_audit_found() -> None:
    def second(found: Audited) -> dict[str, str]:
        hypotheses: dict[str, dict[str, str]] = judged({}, NOTHING, [], False, found)["hypotheses"]
        return hypotheses["h2"]

    assert [second(UNAUDITED)["status"], second(UNAUDITED)["sentence"]] == [
        "not measured",
        "there are no memories to audit",
    ]
    assert [second(Audited(False, "legal thin"))[key] for key in ("status", "sentence")] == [
        "fail",
        "legal thin",
    ]
    assert second(Audited(True, "all good"))["status"] == "pass"
    assert verdict(Measured(enough_data=True)).hypotheses[1].status == "pass"
