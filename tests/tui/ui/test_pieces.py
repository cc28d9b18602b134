"""Where a growing text is cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tui.ui.pieces import CODE_LINES, CODE_LINES_AT_MOST, ITEMS, ROWS, cut

HTML = MarkdownIt("gfm-like", {"html": False})

LINE = st.sampled_from(
    ["text", "- item", "1. step", "  - nested", "", "# head", "> quote", "    code", "| a | b |"]
)


def test_a_short_text_is_not_cut() -> None:
    assert cut("") is None and cut("one\n\ntwo\n\n- three") is None


def test_a_list_is_cut_before_its_last_item_and_numbers_go_on() -> None:
    parted = cut("".join(f"{number}. step {number}\n" for number in range(1, ITEMS + 3)))
    assert parted and parted.joined and parted.after == f"{ITEMS + 2}. step {ITEMS + 2}\n"


def test_a_list_after_something_else_begins_a_piece_of_its_own() -> None:
    items = "".join(f"- item {number}\n" for number in range(ITEMS + 2))
    parted = cut(f"Some words:\n\n{items}")
    assert parted and not parted.joined and parted.after == items


def test_a_table_goes_on_under_its_heading() -> None:
    heading = "| a | b |\n|---|---|\n"
    parted = cut(heading + "".join(f"| {row} | x |\n" for row in range(ROWS + 1)))
    assert parted and parted.after == f"{heading}| {ROWS} | x |\n"


def test_code_is_cut_between_definitions_and_goes_on_as_code() -> None:
    body = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(CODE_LINES))
    parted = cut(f"```python\n{body}")
    assert parted and parted.joined and parted.after.startswith("```python\ndef f")
    assert parted.before + parted.after.removeprefix("```python\n") == f"```python\n{body}"


def test_code_without_a_gap_is_cut_in_the_end_and_closed_code_never() -> None:
    body = "x = 1\n" * (CODE_LINES_AT_MOST + 5)
    assert cut("```\n" + "x = 1\n" * CODE_LINES) is None
    assert cut(f"```\n{body}") is not None
    assert cut(f"```\n{body}```") is None


@given(st.lists(LINE, min_size=10, max_size=80).map("\n".join))
@settings(deadline=None)
def test_nothing_is_lost_or_said_twice(text: str) -> None:
    parted = cut(text)
    if parted is not None:
        assert parted.before + parted.after == text


@given(st.lists(st.sampled_from(["- item\n", "text\n\n", "- item\n  - nested\n"]), min_size=10, max_size=80))
@settings(deadline=None)
def test_each_part_reads_as_it_did_in_the_whole(parts: list[str]) -> None:
    text = "".join(parts)
    parted = cut(text)
    if parted is not None:
        whole, halves = HTML.render(text), HTML.render(parted.before) + HTML.render(parted.after)
        assert words(whole) == words(halves)


def words(html: str) -> str:
    return html.replace("</ul>\n<ul>\n", "").replace("<p>", "").replace("</p>", "").replace("\n", "")
