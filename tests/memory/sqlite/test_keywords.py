"""The keyword leg: any text can be asked, any script is found, and no query looks at everything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.contract import Wanted
from memory.sqlite import keywords
from memory.sqlite.store import MemoryStore
from memory.sqlite.words import LONGEST, telling, words
from tests.memory.sqlite.made import ids, row

ANY = Wanted(sacred=True)
STORE = MemoryStore.open(None)
STORE.take_in([row("1", "The river carries what the mountain gave away."), row("2", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ")])


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_no_text_is_a_syntax_error(text: str) -> None:
    STORE.by_keyword(text, None, ANY, 5)
    assert "1" in ids(STORE.by_keyword(f"{text} river {text}", None, ANY, 5))


@pytest.mark.parametrize(
    "text",
    ['"', "'; DROP TABLE memory", "river AND", "NEAR(river, 2)", "text:river", "river*", "(river", "^river",
     "-river", "a\0river", "river OR OR", "{text} : river", "🦊 river 🦊", "+ river", "ri\ud800 river"],
)  # fmt: skip
def test_operators_are_only_signs(text: str) -> None:
    assert ids(STORE.by_keyword(text, None, ANY, 5)) in (["1"], [])
    assert ids(STORE.by_keyword(text + " river", None, ANY, 5)) == ["1"]


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("ᏣᎳᎩ", "ꮳꮃꭹ"), ("ᏸᏹ late letters", "ᏸᏹ"), ("Ᏽ", "\u13fd"), ("Café", "cafe"), ("cafe", "CAFÉ"),
        ("Straße", "STRASSE"), ("हिन्दी भाषा", "भाषा"), ("שָׁלוֹם", "שָׁלוֹם"),
        ("日本語の文", "文"), ("don't panic", "don't PANIC!"),
        ("v2.7.1-rc1", "2.7.1"), ("snake_case_name", "case"), ("русский язык", "ЯЗЫК"),
    ],
)  # fmt: skip
def test_every_script_and_case_is_found(store: MemoryStore, kept: str, asked: str) -> None:
    store.take_in([row("1", kept), row("2", "something else")])
    assert ids(store.by_keyword(asked, None, ANY, 5)) == ["1"]


def test_common_words_count_only_when_there_is_no_other() -> None:
    assert telling("What is the river, and why?") == ["river"]
    assert telling("to be or not to be") == ["to", "be", "or", "not"]
    assert words("x" * 500) == ["x" * LONGEST]


def test_the_best_come_first_and_the_filter_applies_before_the_count(store: MemoryStore) -> None:
    store.take_in(
        [
            row("1", "river " * 5, domain="legal", sacred=True),
            row("2", "river fox", domain="legal"),
            row("3", "river and a great many other words that have nothing to do with it", domain="policy"),
            row("4", "hare"),
        ]
    )
    assert ids(store.by_keyword("river fox", None, ANY, 5)) == ["2", "1", "3"]
    assert ids(store.by_keyword("river", None, Wanted(), 1)) == ["2"]
    assert ids(store.by_keyword("river", None, Wanted(("policy",)), 1)) == ["3"]
    assert ids(store.by_keyword("river", None, Wanted(excluded=frozenset("2")), 1)) == ["3"]
    assert store.by_keyword("nowhere", None, ANY, 5) == store.by_keyword("river", None, ANY, 0) == []


def test_words_that_are_everywhere_give_way_to_rare_ones(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "BOUND", 10)
    store.take_in(row(f"{number}", f"river {'fox' if number == 5 else 'hare'}") for number in range(60))
    assert ids(store.by_keyword("river fox", None, ANY, 50)) == ["5"]
    only_common = ids(store.by_keyword("river", None, ANY, 50))
    assert set(only_common) <= {f"{number}" for number in range(45, 60)}, "the newest of them"
    assert len(only_common) >= 10


def test_frequent_words_choose_among_what_rare_ones_find(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kind(number: int) -> str:
        return f"{'fox' if number % 20 == 5 else 'hare'} {'river' if number % 2 or number == 20 else 'brook'}"

    store.take_in(row(f"{number}", kind(number)) for number in range(60))
    store.take_in([row("60", "fox brook")])
    asked = ids(store.by_keyword("river fox", None, ANY, 3))
    monkeypatch.setattr(keywords, "BOUND", 10)
    assert ids(store.by_keyword("river fox", None, ANY, 3)) == asked == ["5", "25", "45"]
    assert ids(store.by_keyword("river fox", None, ANY, 9)) == ["5", "25", "45", "60"]


def test_a_word_that_becomes_common_is_counted_again(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "BOUND", 10)
    store.take_in([row("a", "river fox")])
    store.by_keyword("river fox", None, ANY, 5)
    store.take_in(row(f"{number}", "river") for number in range(60))
    assert ids(store.by_keyword("river fox", None, ANY, 50)) == ["a"]


def test_a_pasted_book_is_a_query_like_any_other(store: MemoryStore) -> None:
    store.take_in([row("1", "river fox")])
    assert ids(store.by_keyword("river " + "many different words " * 5_000, None, ANY, 5)) == ["1"]
    store.by_keyword(" ".join(f"w{number}" for number in range(20_000)), None, ANY, 5)
