"""Nearly the same texts are found, and others are not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.likeness import ALIKE, HASHES, RUN, groups, signatures
from memory.record import folded

WORDS = st.sampled_from([f"word{number}" for number in range(30)])
TEXTS = st.lists(WORDS, min_size=RUN, max_size=60).map(" ".join)


def runs(text: str) -> set[tuple[str, ...]]:
    words = folded(text).split()
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def near_duplicates(texts: list[str]) -> int:
    """How many of ``texts`` are nearly the same as an earlier one."""
    first = groups(signatures(texts), ALIKE)
    return int((first != np.arange(len(first))).sum())


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 60))
def test_signatures_agree_as_far_as_the_runs_of_words_do(one: str, other: str, shared: int) -> None:
    other = " ".join([*one.split()[:shared], *other.split()])
    a, b = runs(one), runs(other)
    jaccard = len(a & b) / len(a | b)
    first, second = signatures([one, other])
    agreed = float((first == second).mean())
    assert abs(agreed - jaccard) < 6 * np.sqrt(0.25 / HASHES)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4))
def test_a_text_signs_alike_wherever_it_stands_and_however_it_is_spaced(texts: list[str]) -> None:
    together = signatures(texts)
    assert together.shape == (len(texts), HASHES)
    for text, signed in zip(texts, together, strict=True):
        assert (signatures([f"  {text} "])[0] == signed).all()


def test_a_text_with_a_word_changed_is_nearly_the_same_and_another_is_not() -> None:
    draw = np.random.default_rng(1)
    texts = [" ".join(f"w{number}" for number in draw.integers(0, 5000, 60)) for _ in range(300)]
    changed = [text.replace(text.split()[0], "changed", 1) for text in texts[:100]]
    assert near_duplicates(texts) == 0
    first = groups(signatures([*texts, *changed]))
    assert list(first[:300]) == list(range(300))
    assert list(first[300:]) == list(range(100))


def test_thousands_of_lines_of_one_pattern_are_one() -> None:
    tail = " ".join(f"and{number}" for number in range(40))
    assert near_duplicates([f"node {number} is well {tail}" for number in range(3000)]) == 2999


def test_no_text_and_empty_texts_are_no_failure() -> None:
    assert near_duplicates([]) == 0
    assert near_duplicates(["", " ", "a", "a b", "A  B"]) == 2
