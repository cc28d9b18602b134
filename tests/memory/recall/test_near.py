"""Words in common: the quick way finds what the plain one does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memory.recall.near import holding, words

WORDS = st.sampled_from(
    [
        "cat",
        "cats",
        "class",
        "classes",
        "bus",
        "buses",
        "her",
        "hers",
        "its",
        "ᏣᎳᎩ",
        "Ꮳs",
        "Straße",
        "as",
        "s",
    ]
)
TEXTS = st.lists(WORDS | st.text(max_size=6), max_size=12).map(" ".join)


@given(TEXTS, TEXTS)
def test_the_words_of_a_question_that_a_text_has(question: str, text: str) -> None:
    asked = words(question)
    assert holding(asked)(text) == asked & words(text)
