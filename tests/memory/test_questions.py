"""A record becomes a question and an answer, and nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.questions import asked

LONG = "A condition that a service-connected one causes is connected too."


@pytest.mark.parametrize(
    ("text", "metadata", "question", "source"),
    [
        (f"Q: What is 38 CFR 3.310?\nA: {LONG}", {}, "What is 38 CFR 3.310?", "its own question"),
        (f"Question: Why?\n\nAnswer: {LONG}", {"title": "x"}, "Why?", "its own question"),
        (LONG, {"title": "Secondary"}, "What do our records say about this: Secondary", "title"),
        (LONG, {"question": "What is connected?"}, "What is connected?", "title"),
        (
            f"# Secondary\n{LONG}",
            {"title": "secondary"},
            "What do our records say about this: secondary",
            "title",
        ),
        (f"## Secondary\n\n{LONG}", {}, "What do our records say about this: Secondary", "heading"),
        (f"Secondary:\n{LONG}", {}, "What do our records say about this: Secondary", "heading"),
        (
            f"See 38 C.F.R. Part 3. {LONG}",
            {},
            "What follows this in our records? See 38 C.F.R. Part 3.",
            "first sentence",
        ),
    ],
)
def test_the_question_is_the_records_own_its_title_heading_or_first_sentence(
    text: str, metadata: dict[str, str], question: str, source: str
) -> None:
    found = asked(text, metadata)
    assert found is not None
    assert [found.question, found.answer, found.source] == [question, LONG, source]


@pytest.mark.parametrize(
    "text", [LONG, "", "   \n ", "# A heading alone", "Short. Very.", "Dr. Smith came at 3.5 hours past noon"]
)
def test_of_a_single_statement_no_question_is_made(text: str) -> None:
    assert asked(text) is None


def test_a_list_has_no_heading() -> None:
    found = asked(f"- one thing\n- another thing. {LONG}")
    assert found is not None
    assert found.source == "first sentence"


@given(st.text(), st.dictionaries(st.sampled_from(["title", "question", "subject"]), st.text()))
def test_every_word_of_the_answer_stands_in_the_record(text: str, metadata: dict[str, str]) -> None:
    found = asked(text, metadata)
    if found is not None:
        assert found.answer in text
        assert (
            any(found.question.endswith(end) for end in (text.split("\n", maxsplit=1)[0].strip(), ""))
            or metadata
        )
        assert len(found.answer.strip()) >= 20
