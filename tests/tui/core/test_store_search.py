"""Search: every script and letter case, and nothing in a query is an operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.core.conversation import Provenance
from tui.core.store import Store

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")
CAPITALS = "".join(chr(code) for code in range(0x13A0, 0x13F5))
SMALL = CAPITALS.lower()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(tmp_path / "conversations.sqlite3")) as opened:
        yield opened


def ask(store: Store, text: str, title: str = "untitled") -> str:
    talk = store.create()
    store.rename(talk.id, title)
    store.add_question(talk.id, None, text)
    return talk.id


def found(store: Store, query: str) -> list[str]:
    return [hit.conversation.id for hit in store.search(query)]


def excerpt(store: Store, query: str) -> str:
    (hit,) = store.search(query)
    return hit.excerpt


def test_words_are_found_in_any_case_order_and_accent_and_the_last_as_a_prefix(store: Store) -> None:
    talk = ask(store, "The Straße has a naïve CAFÉ")
    other = ask(store, "nothing of it")
    for query in ("STRASSE", "straße", "cafe\u0301", "cafe naive", "has na", "strass"):
        assert found(store, query) == [talk], query
    assert found(store, "stra has") == [], "only the last word may be a beginning"
    assert found(store, "th") == [talk]
    assert found(store, "noth") == [other]
    assert found(store, "straße nothing") == []


@pytest.mark.parametrize("index", range(len(CAPITALS)))
def test_each_cherokee_letter_is_found_in_both_cases(index: int) -> None:
    capital, small = CAPITALS[index] * 3, SMALL[index] * 3
    assert capital != small
    with closing(Store.open(None)) as store:
        big, little = ask(store, f"a {capital} b"), ask(store, f"a {small} b")
        for query in (capital, small):
            assert found(store, query) == [little, big]
        assert {hit.excerpt for hit in store.search(small)} == {f"a {capital} b", f"a {small} b"}


def test_titles_are_found_and_follow_a_rename(store: Store) -> None:
    talk = ask(store, "some words", title="Ꮳhapter One")
    assert found(store, "ꮳhapter") == [talk]
    assert excerpt(store, "ꮳhapter") == "Ꮳhapter One"
    store.rename(talk, "Second")
    assert found(store, "ꮳhapter") == []
    assert found(store, "second") == [talk]


def test_a_message_that_matches_is_shown_rather_than_the_title(store: Store) -> None:
    ask(store, "a long answer in which the otter is only one word of many", title="Otter")
    assert excerpt(store, "otter") == "a long answer in which the otter is only one word of many"


def test_a_conversation_without_a_message_is_not_found(store: Store) -> None:
    store.rename(store.create().id, "Otter")
    assert found(store, "otter") == []


def test_a_fork_is_found_by_its_title(store: Store) -> None:
    talk = ask(store, "zebra")
    head = store.get(talk).head
    assert head is not None
    fork = store.fork(head)
    assert found(store, "fork") == [fork.id]
    assert found(store, "zebra") == [talk]


def test_conversations_come_newest_first_once_each_and_within_the_limit(store: Store) -> None:
    talks = [ask(store, f"apple {number}") for number in range(4)]
    store.add_question(talks[1], None, "apple apple")
    expected = [talks[1], talks[3], talks[2], talks[0]]
    assert found(store, "apple") == expected
    assert [hit.conversation.id for hit in store.search("apple", limit=2)] == expected[:2]


def test_an_answer_is_found_once_it_is_finished_and_by_its_last_text_only(store: Store) -> None:
    talk = ask(store, "question")
    head = store.get(talk).head
    assert head is not None
    begun = store.begin_answer(talk, head, PLAIN)
    store.save_partial(begun.id, "partial", "musing")
    assert found(store, "partial") == []
    store.finish_answer(begun.id, text="complete", thinking="musing", status="stopped", usage=None)
    assert found(store, "complete") == [talk]
    store.finish_answer(begun.id, text="corrected", thinking="", status="done", usage=None)
    assert found(store, "complete") == []
    assert found(store, "corrected") == [talk]


@pytest.mark.parametrize(
    "query", ["", "   ", '"', '""', "*", "-", "( )", "^", "\0", "\ud800", "absent", "NOT absent"]
)
def test_a_query_without_a_word_that_occurs_finds_nothing(store: Store, query: str) -> None:
    ask(store, "plain words here")
    assert store.search(query) == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('say "hello" twice', '"hello"'),
        ('say "hello" twice', '"hel'),
        ("salt AND pepper", "salt AND"),
        ("salt or pepper", "OR"),
        ("near NEAR(me)", "NEAR(me"),
        ("well-known fact", "well-known"),
        ("well-known fact", "-known"),
        ("C++ code", "C++"),
        ("text: value", "text:value"),
        ("x* is a pointer", "x*"),
        ("a^b", "^b"),
        ("f(x) {y}", "f(x)"),
        ("it's", "it's"),
    ],
)
def test_syntax_characters_are_only_text(store: Store, text: str, query: str) -> None:
    talk = ask(store, text)
    ask(store, "salt pepper unrelated")
    assert found(store, query) == [talk]


@given(query=st.text(max_size=30))
@settings(deadline=None)
def test_no_query_is_ever_refused(query: str) -> None:
    with closing(Store.open(None)) as store:
        ask(store, "a b c")
        store.search(query)


@given(
    before=st.text(max_size=300),
    word=st.sampled_from(["needle", "Nähe", "STRASSE", "ᎣᏏᏲ", "ꭳꮟᏺ"]),
    after=st.text(max_size=300),
)
@settings(deadline=None)
def test_a_word_is_found_wherever_it_stands_and_the_excerpt_shows_it(
    before: str, word: str, after: str
) -> None:
    with closing(Store.open(None)) as store:
        talk = ask(store, f"{before} {word} {after}")
        assert found(store, word.swapcase()) == [talk]
        assert word.casefold() in excerpt(store, word).casefold()


def test_an_excerpt_is_the_original_text_around_the_match_on_one_line(store: Store) -> None:
    ask(store, "Straße " * 100 + "\n\tThe NEEDLE  Itself\n" + "After " * 100)
    shown = excerpt(store, "needle")
    assert "The NEEDLE Itself After" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) <= 162
    assert excerpt(store, "strasse").startswith("Straße Straße")


def test_a_mark_of_highlighting_in_the_text_does_no_harm(store: Store) -> None:
    ask(store, "\2 x \3 " * 30 + "needle")
    assert excerpt(store, "needle").endswith("needle")
