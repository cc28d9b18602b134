"""What two texts have in common to be the same memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.record import Memory, content_hash, folded


@given(st.text())
def test_folding_twice_changes_nothing_more_of_the_hash(text: str) -> None:
    assert content_hash(text) == content_hash(f"  {text}\n")
    assert len(content_hash(text)) == 64


def test_case_composition_and_white_space_make_no_other_memory() -> None:
    assert content_hash("Café  au\nlait") == content_hash("CAFE\u0301 au lait ")
    assert content_hash("tea") != content_hash("coffee")


def test_cherokee_letters_fold() -> None:
    assert folded("\uab70\u13f8") == folded("\u13a0\u13f0")


@pytest.mark.parametrize(
    ("state", "by", "stale"),
    [
        ("current", None, False),
        ("superseded", None, True),
        ("historical", None, True),
        ("current", "9", True),
    ],
)
def test_what_was_true_once_is_stale(state: str, by: str | None, stale: bool) -> None:
    memory = Memory("1", "text", 50, 0, 0, temporal_state=state, superseded_by=by)  # type: ignore[arg-type]
    assert memory.stale is stale
