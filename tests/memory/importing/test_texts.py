"""How texts are cut, and what Markdown says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.contract import BadMemory
from memory.draft import Draft
from memory.importing import markdown
from memory.importing.chunking import pieces

PATH = Path("/notes/a.md")
LIKE = Draft("")

texts = st.text(st.sampled_from("ab .!?\n\té語。"), max_size=400)


@given(texts, st.integers(1, 50))
def test_no_letter_is_lost_and_no_piece_is_too_long(text: str, size: int) -> None:
    found = pieces(text, size)
    assert "".join("".join(piece.split()) for _, piece in found) == "".join(text.split())
    for at, piece in found:
        assert piece and len(piece) <= size and text[at : at + len(piece)] == piece


def test_paragraphs_then_sentences_then_words_are_kept_whole() -> None:
    text = "One is short.\n\nTwo too.\n\nThree has a sentence. And another one. And a last."
    assert [piece for _, piece in pieces(text, 26)] == [
        "One is short.\n\nTwo too.", "Three has a sentence.", "And another one.", "And a last.",
    ]  # fmt: skip
    assert [piece for _, piece in pieces("aaa bbb ccc", 7)] == ["aaa bbb", "ccc"]
    assert [piece for _, piece in pieces("abcdefgh", 3)] == ["abc", "def", "gh"]


def test_a_short_markdown_file_is_one_memory_with_its_front_matter() -> None:
    front = "title: 'Tea'\ndomain: legal\ntags: [a, \"b\"]\nsacred: yes\ntemperature: 72\n"
    made = markdown.document(f"---\n{front}---\n# Tea\n\nAt four.\n", PATH, LIKE)
    assert (made.content, made.parts) == ("# Tea\n\nAt four.", ())
    assert (made.domain, made.tags, made.sacred, made.temperature) == ("legal", ("a", "b"), True, 72)
    assert made.metadata == {"title": "Tea"}


def test_short_sections_are_parts_of_their_own() -> None:
    made = markdown.document("# House\nThe roof leaks.\n# Garden\nSlugs eat the hostas.\n", PATH, LIKE)
    assert [part.content for part in made.parts] == [
        "House\n\nThe roof leaks.",
        "Garden\n\nSlugs eat the hostas.",
    ]


def test_a_heading_with_nothing_below_it_is_a_text_itself() -> None:
    text = "# To do\n## Call the plumber\n## Shopping\n### Milk\n\n# Done\nThe roof.\n# Sleep\n"
    made = markdown.document(text, PATH, LIKE)
    assert [part.content for part in made.parts] == [
        "To do\n\nCall the plumber",
        "To do > Shopping\n\nMilk",
        "Done\n\nThe roof.",
        "Sleep",
    ]
    assert markdown.document("# Tea\n\nAt four.\n", PATH, LIKE).parts == ()


def test_tags_may_stand_below_each_other() -> None:
    assert markdown.document("---\ntags:\n  - a\n  - b c\n---\ntext", PATH, LIKE).tags == ("a", "b c")


def test_parts_begin_with_the_headings_that_they_stand_under() -> None:
    filler = "words " * 100
    text = f"Before.\n# Tea #\n{filler}\n## Green\n```\n# no heading\n```\n{filler}\n# Coffee\n{filler}"
    made = markdown.document(text, PATH, LIKE)
    assert [(part.content.split("\n")[0], part.provenance) for part in made.parts] == [
        ("Before.", "/notes/a.md"),
        ("Tea", "/notes/a.md # Tea"),
        ("Tea > Green", "/notes/a.md # Tea > Green"),
        ("Coffee", "/notes/a.md # Coffee"),
    ]
    assert "# no heading" in made.parts[2].content
    assert made.content == text.strip()


@pytest.mark.parametrize("front", ["temperature: hot", "sacred: maybe", "created_at: soon"])
def test_bad_front_matter_is_told(front: str) -> None:
    with pytest.raises(BadMemory, match=r"a\.md, front matter"):
        markdown.document(f"---\n{front}\n---\ntext", PATH, LIKE)


@pytest.mark.parametrize(
    "top",
    [
        "Buy milk: two.\nCall Bob.",
        "# Today\nCall Bob.",
        "Call Bob.\n\n- and Ann",
        "- Call Bob",
        "Buy: two.\nCall Bob.",
    ],
)
def test_what_stands_between_two_lines_at_the_top_is_kept(top: str) -> None:
    text = f"---\n{top}\n---\n\nThe rest."
    made = markdown.document(text, PATH, LIKE)
    assert (made.content, made.metadata) == (text, {})


@pytest.mark.parametrize(
    "front", ["", "\n", "# of the house\ntitle: Tea", "\ntitle: Tea\ndue date: now\nmore:\n- x"]
)
def test_front_matter_may_be_empty_or_begin_with_a_remark(front: str) -> None:
    made = markdown.document(f"---\n{front}\n---\nAt four.", PATH, LIKE)
    assert made.content == "At four."


def test_a_line_at_the_top_is_no_front_matter() -> None:
    assert markdown.document("---\nno end of it", PATH, LIKE).content == "---\nno end of it"
