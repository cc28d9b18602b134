"""Marks that stand for long pastes."""

from __future__ import annotations

from tui.ui.pastes import LONG, MANY, Pastes


def test_a_long_text_is_a_mark_and_comes_back_whole() -> None:
    pastes, one, many = Pastes(), "x" * (LONG + 1), "\n" * MANY
    assert pastes.fold(one) == "[pasted 1: 1 line, 8,001 characters]"
    assert pastes.fold(many) == "[pasted 2: 201 lines, 200 characters]"
    assert pastes.unfold(f"a {pastes.fold(one)} b") == f"a {one} b"


def test_what_is_short_or_was_never_folded_stays_as_it_is() -> None:
    pastes, mark = Pastes(), "[pasted 1: 1 line, 8,001 characters]"
    assert pastes.fold("x" * LONG) == "x" * LONG
    assert pastes.unfold(mark) == mark
