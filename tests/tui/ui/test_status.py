from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from tui.ui.glyphs import ASCII, UNICODE, choose
from tui.ui.widgets.status import Field, fit

FIELDS = [
    Field(Content("SmolLM2-135M-Instruct.Q4_1"), 3, Content("SmolLM2-135M")),
    Field(Content("§ legal"), 6),
    Field(Content("12% of 8,192"), 5),
    Field(Content("first 0.4 s"), 2),
    Field(Content("read 512/s"), 1),
    Field(Content("write 61.3/s"), 4),
]


def test_a_wide_row_shows_every_field_whole() -> None:
    row = fit(FIELDS, "answering", 200, UNICODE)
    assert all(field.text.plain in row.plain for field in FIELDS)
    assert row.plain.endswith("answering") and row.cell_length == 200


def test_at_80_columns_names_are_short_and_the_least_important_is_left_out() -> None:
    row = fit(FIELDS, "answering", 80, UNICODE).plain
    assert "SmolLM2-135M ·" in row and "§ legal" in row and "write 61.3/s" in row
    assert "read" not in row


def test_at_40_columns_mode_context_and_state_are_left() -> None:
    row = fit(FIELDS, "reading prompt", 40, UNICODE)
    assert "§ legal" in row.plain and "12% of 8,192" in row.plain and row.plain.endswith("reading prompt")
    assert "SmolLM2" not in row.plain


@given(st.integers(1, 250), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=60))
def test_the_row_is_never_wider_than_its_place(width: int, state: str) -> None:
    assert fit(FIELDS, state, width, UNICODE).cell_length <= width


def test_ascii_is_chosen_by_setting_before_locale() -> None:
    assert choose(None, "UTF-8") is UNICODE and choose(None, "utf8") is UNICODE
    assert choose(None, "ANSI_X3.4-1968") is ASCII and choose(None, "ISO-8859-1") is ASCII
    assert choose(True, "UTF-8") is ASCII and choose(False, "ASCII") is UNICODE
