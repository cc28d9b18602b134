from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.plain import clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("a\rb\x08c\x7fd\x9be", "abcde"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("one\u2028two\x0bthree\x85four", "one\ntwo\nthree\nfour"),
        ("half a sequence \x1b[3", "half a sequence [3"),
        ("👩‍👩‍👧 ᏣᎳᎩ é", "👩‍👩‍👧 ᏣᎳᎩ é"),
    ],
)
def test_what_steers_a_terminal_is_gone_and_the_rest_stays(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x1b[]\\m;\x07\x9b\x00\u202e"))))
def test_no_control_character_is_left_whatever_the_text(text: str) -> None:
    left = {char for char in clean(text) if unicodedata.category(char) == "Cc"}
    assert left <= {"\t", "\n"}
    assert "\u202e" not in clean(text)
