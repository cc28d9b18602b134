from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.ui.text import one_line


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
