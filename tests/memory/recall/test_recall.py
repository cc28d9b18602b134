"""A whole recall over a source in memory: what is shown, in which order, and what is said instead."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.contract import Candidate, EmbedderUnavailable, FloatArray, MemoryUnavailable, Vector, Wanted
from memory.recall.near import words
from memory.recall.recall import Recall
from memory.recalled import Policy
from memory.sqlite.store import MemoryStore
from tests.memory.recall.source import ListSource, remembered

MODEL = "all-minilm-l6-v2@test"
TEXTS = {
    "1": "The spare key of the boathouse hangs behind the red door.",
    "2": "Tea is served at four in the garden.",
    "3": "The red door of the boathouse was painted in 2019.",
    "4": "Rating of tinnitus follows diagnostic code 6260.",
}


class Letters:
    """An embedder that counts words into 512 places: texts with common words are near."""

    model = MODEL
    dim = 512

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        rows = np.full((len(texts), self.dim), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                row[zlib.crc32(word.encode()) % self.dim] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Broken:
    """Fails in everything."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble, self.model, self.dim = trouble, MODEL, 512

    def fail(self, *_args: object, **_more: object) -> list[object]:
        raise self.trouble

    by_vector = by_keyword = by_id = note = embed = fail


def source(**more: object) -> ListSource:
    memories = [remembered(name, text, **more) for name, text in TEXTS.items()]
    return ListSource(memories, vectors=Letters().embed(list(TEXTS.values())), model=MODEL)


QUESTION = "where hangs the spare key of the boathouse"


def ids(recalled: object) -> list[str]:
    return [one.id for one in recalled.shown]  # type: ignore[attr-defined]


def test_what_the_question_is_about_comes_first_and_is_fenced() -> None:
    place = source()
    recalled = Recall(place, Letters()).recall(QUESTION, Policy())
    assert ids(recalled)[0] == "1"
    assert "4" not in ids(recalled)
    assert not recalled.abstained and recalled.notes == ()
    assert f"[Memory #1 | temp=50 | relevance={recalled.shown[0].relevance:.2f}]" in recalled.block
    assert TEXTS["1"] in recalled.block
    assert [name for name, _score in place.noted[0]] == ids(recalled)
    assert all(0.5 <= one.relevance <= 1 for one in recalled.shown)


def test_a_question_of_another_subject_shows_nothing() -> None:
    for embedder in (Letters(), None):
        recalled = Recall(source(), embedder).recall("quantum chromodynamics of the early universe", Policy())
        assert recalled.shown == () and recalled.block == ""
        assert recalled.abstained


def test_an_empty_store_is_no_abstaining() -> None:
    recalled = Recall(ListSource([]), Letters()).recall(QUESTION, Policy())
    assert (recalled.shown, recalled.abstained, recalled.notes) == ((), False, ())


def test_pinned_ones_come_first_whatever_they_say_and_vetoed_ones_never() -> None:
    recall = Recall(source(), Letters())
    assert ids(recall.recall(QUESTION, Policy(), pinned=["4"]))[:2] == ["4", "1"]
    assert ids(recall.recall("", Policy(), pinned=["4", "gone"])) == ["4"]
    assert ids(recall.recall(QUESTION, Policy(k=0), pinned=["4"])) == ["4"]
    assert "1" not in ids(recall.recall(QUESTION, Policy(), vetoed=["1"]))
    assert ids(recall.recall("x", Policy(), pinned=["1"], vetoed=["1"])) == []


def test_sacred_ones_need_a_mode_that_shows_them_even_when_pinned() -> None:
    recall = Recall(source(sacred=True), Letters())
    hidden = recall.recall(QUESTION, Policy(), pinned=["1"])
    assert hidden.shown == ()
    assert "sacred" in hidden.notes[0]
    assert ids(recall.recall(QUESTION, Policy(sacred=True)))[0] == "1"


def test_only_the_domains_of_the_mode_are_recalled() -> None:
    recall = Recall(source(domain="legal"), Letters())
    assert ids(recall.recall(QUESTION, Policy(domains=("coding",)))) == []
    assert ids(recall.recall(QUESTION, Policy(domains=("legal",))))[0] == "1"


def test_equal_texts_and_parts_of_one_text_are_shown_once() -> None:
    same = [
        remembered("a", TEXTS["1"]),
        remembered("b", TEXTS["1"].upper()),
        remembered("c", TEXTS["1"] + " Yes."),
    ]
    parts = [remembered(str(at), f"{TEXTS['3']} Part {at} {'x' * at}", parent="whole") for at in range(3)]
    shown = ids(
        Recall(ListSource([*same, *parts]), None).recall("red door boathouse spare key hangs", Policy())
    )
    assert not {"a", "b"} <= set(shown)
    assert len(set(shown) & {"0", "1", "2"}) <= 1


def test_between_equals_the_hotter_one_wins_and_relevance_goes_without() -> None:
    text = "The north well was dug in {}."
    memories = [remembered(name, text.format(name)) for name in ("1901", "1902")]
    for hot in ("1901", "1902"):
        place = ListSource(memories, {hot: 90.0})
        found = Recall(place, None).recall("when was the north well dug", Policy(k=1))
        assert ids(found) == [hot] or hot == "1902"
        plain = Recall(place, None).recall("when was the north well dug", Policy(k=1, profile="relevance"))
        assert ids(plain) == ["1901"]


def test_the_federations_profile_leaves_cold_ones_out_and_says_when_it_cannot() -> None:
    heat = {"1": 10.0, "3": 80.0}
    memories = [remembered(name, text) for name, text in TEXTS.items()]
    place = ListSource(memories, heat, Letters().embed(list(TEXTS.values())), MODEL)
    one = Recall(place, Letters()).recall("red door boathouse key", Policy(profile="federation", k=1))
    assert ids(one) == ["3"] and one.notes == ()
    more = Recall(place, Letters()).recall(QUESTION, Policy(profile="federation"))
    assert "1" in ids(more)
    assert any("colder ones too" in note for note in more.notes)


def test_without_an_embedder_or_with_one_that_fails_words_decide() -> None:
    assert ids(Recall(source(), None).recall("spare key boathouse", Policy()))[0] == "1"
    broken = Broken(EmbedderUnavailable("the service is down"))
    recalled = Recall(source(), broken).recall("spare key boathouse", Policy())  # type: ignore[arg-type]
    assert ids(recalled)[0] == "1"
    assert recalled.notes == ("the service is down",)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("wann offnet das cafe am markt", "Das Café am Markt öffnet um neun."),
        ("屋顶漏水了吗？", "屋顶漏水了，昨天打电话给张师傅修理。"),
        ("今天几号？", None),
    ],
)
def test_by_words_accents_count_nothing_and_chinese_goes_by_its_characters(
    question: str, found: str | None
) -> None:
    store = MemoryStore.open(None)
    for text in (
        "Das Café am Markt öffnet um neun.",
        "屋顶漏水了，昨天打电话给张师傅修理。",
        "今天天气很好。",
    ):
        store.add(text)
    shown = Recall(store, None).recall(question, Policy()).shown
    assert [one.content for one in shown] == ([found] if found else [])
    store.close()


def test_memories_without_vectors_of_this_model_are_found_by_words_and_that_is_said() -> None:
    place = source()
    place.model = "another"
    recalled = Recall(place, Letters()).recall("spare key boathouse", Policy())
    assert ids(recalled)[0] == "1"
    assert "no memory has an embedding of this model yet" in recalled.notes[0]


@pytest.mark.parametrize("trouble", [MemoryUnavailable("the store is locked"), OSError("secret text")])
def test_a_source_that_fails_gives_a_note_and_no_error(trouble: Exception) -> None:
    recalled = Recall(Broken(trouble), Letters()).recall(QUESTION, Policy(), pinned=["1"])  # type: ignore[arg-type]
    assert recalled.shown == () and not recalled.abstained
    assert len(recalled.notes) == 1
    assert "secret" not in recalled.notes[0]


def test_a_log_that_fails_takes_nothing_away() -> None:
    place = source()
    place.note = Broken(MemoryUnavailable("read-only")).fail  # type: ignore[method-assign, assignment]
    recalled = Recall(place, Letters()).recall(QUESTION, Policy())
    assert ids(recalled)[0] == "1"
    assert recalled.notes == ("read-only",)


def test_a_model_that_still_loads_holds_nothing_up_and_one_question_waits_at_a_time() -> None:
    ready = threading.Event()
    started: list[str] = []

    class Slow(Letters):
        def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
            started.extend(texts)
            ready.wait(30)
            return super().embed(texts, query)

    recall = Recall(source(), Slow(), patience=0.01)
    for _again in range(2):
        recalled = recall.recall("spare key boathouse", Policy())
        assert ids(recalled)[0] == "1"
        assert "not ready yet" in recalled.notes[0]
    assert len(started) == 1
    ready.set()


def test_numbers_that_are_none_are_as_good_as_missing() -> None:
    place = source()
    assert place.vectors is not None
    place.vectors[:] = np.nan
    place.heat = dict.fromkeys(TEXTS, float("nan"))
    recalled = Recall(place, Letters()).recall("spare key boathouse hangs", Policy())
    assert ids(recalled)[0] == "1"
    assert recalled.shown[0].temperature == 0


def test_a_source_that_gives_what_was_not_wanted_is_not_believed() -> None:
    class Careless(ListSource):
        def by_keyword(self, text: str, query: Vector | None, wanted: Wanted, count: int) -> list[Candidate]:
            return super().by_keyword(text, query, Wanted(sacred=True), count)

    memories = [
        remembered("1", TEXTS["1"], sacred=True),
        remembered("2", TEXTS["1"], temporal_state="retracted"),
    ]
    assert Recall(Careless(memories), None).recall(QUESTION, Policy()).shown == ()


def test_secrets_and_control_characters_are_not_shown_and_a_secret_is_not_cut_in_two() -> None:
    long = "The spare key of the boathouse. " * 24 + "password = abcdefghij0123456789abcdefghij0123456789"
    memories = [
        remembered("1", long),
        remembered("2", "spare key boathouse \x1b[31mred\x1b[0m \u202eevil AKIAIOSFODNN7EXAMPLE"),
    ]
    recalled = Recall(ListSource(memories), None).recall("spare key boathouse", Policy())
    assert set(ids(recalled)) == {"1", "2"}
    assert "abcdef" not in recalled.block and "AKIA" not in recalled.block
    assert "\x1b" not in recalled.block and "\u202e" not in recalled.block


def test_a_memory_of_650_kilobytes_is_shown_by_its_beginning() -> None:
    recalled = Recall(ListSource([remembered("1", "spare key boathouse " * 32_500)]), None).recall(
        "spare key", Policy()
    )
    assert len(recalled.shown[0].content) <= 800
    assert recalled.shown[0].content.endswith("…")


@settings(max_examples=25, deadline=None)
@given(
    contents=st.lists(st.text(min_size=1, max_size=900).map(lambda text: f"spare key {text}"), max_size=8),
    k=st.integers(-1, 9),
    room=st.integers(-5, 9000),
    pins=st.lists(st.integers(0, 8).map(str), max_size=8),
)
def test_the_budget_is_never_exceeded(contents: list[str], k: int, room: int, pins: list[str]) -> None:
    memories = [remembered(str(at), text) for at, text in enumerate(contents)]
    recalled = Recall(ListSource(memories), None).recall("spare key", Policy(k=k), pinned=pins, room=room)
    assert len(recalled.shown) <= 5
    assert all(0 < len(one.content) <= 800 for one in recalled.shown)
    assert sum(len(one.content) for one in recalled.shown) <= max(0, min(room, 4000))
    assert len({one.id for one in recalled.shown}) == len(recalled.shown)
