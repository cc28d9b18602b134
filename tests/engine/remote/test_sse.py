"""A stream gives the same events and letters however its bytes are divided."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.remote import sse
from engine.remote.sse import BadStream, Comment, Data, Events, Letters

STREAM = ': keepalive 3/9\r\n\r\ndata: {"a": "ᏣᎳᎩ"}\r\n\ndata:[DONE]\n'.encode()


def pushed(parts: list[bytes]) -> list[Data | Comment]:
    events = Events()
    return [event for part in parts for event in events.push(part)] + list(events.flush())


@given(st.sets(st.integers(0, len(STREAM))))
def test_events_do_not_depend_on_where_the_bytes_are_divided(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[a:b] for a, b in pairwise(edges)]
    assert pushed(parts) == [Comment("keepalive 3/9"), Data('{"a": "ᏣᎳᎩ"}'), Data("[DONE]")]


def test_a_last_line_without_an_end_counts() -> None:
    assert pushed([b"data: 1"]) == [Data("1")]


def test_half_a_letter_at_the_end_is_replaced_and_not_an_error() -> None:
    assert pushed(["data: Ꮳ".encode()[:-1]]) == [Data("�")]


def test_fields_of_no_use_are_left_out() -> None:
    assert pushed([b"event: message\nid: 3\nretry: 5\n\nnonsense\n"]) == []


def test_a_line_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST", 100)
    with pytest.raises(BadStream):
        pushed([b"x" * 101])


@given(st.text())
def test_letters_that_json_divides_are_put_together(text: str) -> None:
    utf16 = text.encode("utf-16-le")
    units = [utf16[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(utf16), 2)]
    letters = Letters()
    assert "".join(letters.push(unit) for unit in units) == text.rstrip("\ufffd")


def test_a_lost_half_becomes_a_replacement_and_can_be_written() -> None:
    letters = Letters()
    out = letters.push("a\ud83d") + letters.push("b") + letters.push("\ude00c")
    assert out == "a�b�c"
    assert out.encode()


def test_a_letter_that_was_cut_off_at_the_end_is_not_told() -> None:
    letters = Letters()
    told = [letters.push(text) for text in ("a\ufffd", "b", "\ufffd", "\ufffd")]
    assert told == ["a", "\ufffdb", "", ""], "mlx_lm.server ends so when the tokens are used up"
