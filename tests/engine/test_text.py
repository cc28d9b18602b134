"""Text out of pieces of bytes: however an answer is cut into tokens, the same is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.text import Piece, StopStrings, TextStream, ThinkSplitter

GREETING = "ᎣᏏᏲ, ᏙᎯᏧ? é 👋🏽"

#: Few letters, so that stop strings and tags are met often, in whole and in part.
crumbs = st.lists(st.sampled_from(["<", "<th", "<think>", "</think>", "ink>", "\n", " ", "a", "b", "Ꭳ"]))
short_stops = st.lists(st.text("ab", min_size=1, max_size=3), max_size=3)


def cuts(length: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, length), max_size=12).map(sorted)


@st.composite
def divided(draw: st.DrawFn, wholes: st.SearchStrategy[str]) -> tuple[str, list[str]]:
    """A text, and the same text in pieces; some of them may be empty."""
    whole = draw(wholes)
    places = [0, *draw(cuts(len(whole))), len(whole)]
    return whole, [whole[start:end] for start, end in pairwise(places)]


@st.composite
def divided_bytes(draw: st.DrawFn, wholes: st.SearchStrategy[bytes]) -> tuple[bytes, list[bytes]]:
    whole = draw(wholes)
    places = [0, *draw(cuts(len(whole))), len(whole)]
    return whole, [whole[start:end] for start, end in pairwise(places)]


def joined(pieces: Iterable[Piece]) -> Piece:
    every = list(pieces)
    return Piece("".join(piece.text for piece in every), "".join(piece.thinking for piece in every))


def streamed(pieces: Sequence[bytes], stops: Sequence[str] = (), thinking: bool = False) -> Piece:
    stream = TextStream(stops, thinking)
    return joined([*(stream.push(piece) for piece in pieces), stream.flush()])


def stopped(pieces: Sequence[str], stops: Sequence[str]) -> tuple[str, bool]:
    """What is shown, and whether a stop string was met."""
    watch = StopStrings(stops)
    shown = "".join(watch.push(piece) for piece in pieces)
    return shown + watch.flush(), watch.reached


def parted(pieces: Sequence[str], inside: bool = False) -> Piece:
    splitter = ThinkSplitter(inside)
    return joined([*(splitter.push(piece) for piece in pieces), splitter.flush()])


@given(divided_bytes(st.text().map(str.encode)))
@example((GREETING.encode(), [bytes([byte]) for byte in GREETING.encode()]))
def test_a_text_cut_anywhere_comes_out_whole(case: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = case
    shown = streamed(pieces)
    assert "<think>" in whole.decode() or shown == Piece(whole.decode())


@given(divided_bytes(st.binary()))
def test_bytes_that_are_no_text_are_shown_alike_however_they_are_cut(
    case: tuple[bytes, list[bytes]],
) -> None:
    whole, pieces = case
    assert streamed(pieces) == streamed([whole])


def test_a_letter_is_shown_only_once_it_is_whole() -> None:
    stream = TextStream()
    shown = [stream.push(bytes([byte])).text for byte in "ᎣᏏ".encode()]
    assert shown == ["", "", "Ꭳ", "", "", "Ꮟ"]


def test_the_bytes_of_a_letter_that_never_became_whole_are_left_out() -> None:
    assert streamed([b"a", "Ꭳ".encode()[:2]]) == Piece("a")


@given(divided(st.text("ab", max_size=12)), short_stops)
@example(("abc", ["ab", "c"]), ["abc", "b"])
def test_stop_strings_cut_alike_however_the_text_is_divided(
    case: tuple[str, list[str]], stops: list[str]
) -> None:
    whole, pieces = case
    assert stopped(pieces, stops) == stopped([whole], stops) == stopped(list(whole), stops)


@given(divided(st.text("ab", max_size=12)), short_stops)
def test_what_is_shown_begins_the_text_and_holds_no_stop_string(
    case: tuple[str, list[str]], stops: list[str]
) -> None:
    whole, pieces = case
    shown, reached = stopped(pieces, stops)
    assert whole.startswith(shown)
    assert not any(stop in shown for stop in stops)
    assert reached == any(stop in whole for stop in stops)
    assert reached or shown == whole


def test_nothing_is_shown_after_a_stop_string() -> None:
    watch = StopStrings(["END"])
    assert [watch.push(piece) for piece in ("one E", "N", "D two", " three")] == ["one ", "", "", ""]
    assert watch.flush() == ""


def test_an_empty_stop_string_stops_nothing() -> None:
    assert stopped(["some ", "words"], ["", "zzz"]) == ("some words", False)


def test_a_stop_string_may_lie_across_the_letters_of_several_tokens() -> None:
    raw = "osiyo ᎣᏏᏲ tohi".encode()
    stream = TextStream(["ᎣᏏᏲ"])
    shown = joined(stream.push(bytes([byte])) for byte in raw)
    assert (shown.text, stream.stopped) == ("osiyo ", True)


def test_a_stop_string_in_the_thinking_does_not_end_the_answer() -> None:
    assert streamed([b"<think>1. first</think>One. Two."], ["."]) == Piece("One", "1. first")


@given(divided(crumbs.map("".join)), st.booleans())
@example(("<think>\na</think>\nb", ["<think>", "\na</think>", "\nb"]), False)
@example(("\na", ["", "\na"]), True)
def test_thinking_is_kept_apart_alike_however_it_is_cut(case: tuple[str, list[str]], inside: bool) -> None:
    whole, pieces = case
    assert parted(pieces, inside) == parted([whole], inside) == parted(list(whole), inside)


@pytest.mark.parametrize(
    ("said", "apart"),
    [
        ("<think>It is 4.</think>Four.", Piece("Four.", "It is 4.")),
        ("<think>\n\nIt is 4.\n</think>\n\nFour.", Piece("Four.", "It is 4.\n")),
        ("\n <think>It is 4.</think>Four.", Piece("Four.", "It is 4.")),
        ("<think></think>Four.", Piece("Four.")),
        ("<think>never ended", Piece("", "never ended")),
        ("<think>cut in the tag</thi", Piece("", "cut in the tag</thi")),
        ("Write <think>so</think>.", Piece("Write <think>so</think>.")),
        ("<think>a</think>b<think>c</think>", Piece("b<think>c</think>", "a")),
        ("<thing>", Piece("<thing>")),
        ("<thin", Piece("<thin")),
        ("  indented", Piece("  indented")),
        ("", Piece()),
    ],
)
def test_only_what_an_answer_begins_with_is_thinking(said: str, apart: Piece) -> None:
    assert parted([said]) == apart


def test_a_prompt_that_ends_in_the_tag_begins_in_the_thinking() -> None:
    assert streamed([b"It is 4.</think>\nFour."], thinking=True) == Piece("Four.", "It is 4.")


def test_thoughts_are_shown_as_they_come() -> None:
    splitter = ThinkSplitter()
    assert [splitter.push(piece).thinking for piece in ("<think>", "It ", "is 4.", "</th", "ink>")] == [
        "",
        "It ",
        "is 4.",
        "",
        "",
    ]
