"""Turns with memories: what the model is shown, what is kept of it, and what happens without."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract import Chunk, Message, Request
from engine.llama.engine import LlamaEngine, LlamaOptions
from memory.contract import MemoryUnavailable
from memory.recalled import Shown
from memory.sqlite.store import MemoryStore
from modes.catalog import Catalog
from modes.voice import Voice
from tests.engine.tiny import write_tiny_llama
from tests.tui.core.remembered import HARBOUR, TIDE, by_keyword, remember
from tests.tui.talk import asked, finished
from tui.core.conversation import Node, NotSaved, Provenance, Recollection, Reminded
from tui.core.curating import Curator, MemoryRefused
from tui.core.means import Means
from tui.core.memories import Memories
from tui.core.standing import Reach, Standing
from tui.core.store import Store
from tui.core.turn import Ask, Event, Turns

CONTEXT = 8192
BELL = "High tide in Ettersby is when the harbour master rings the bell."
BOTH = "Tell me of the harbour master of Ettersby."
QUESTION = "Which colour does the harbour master of Ettersby paint every boat?"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "memories.sqlite3"


@pytest.fixture
def memories(file: Path) -> Iterator[Memories]:
    made = by_keyword(file)
    yield made
    made.close()


class Listening:
    """The real engine, and a note of every prompt that it was given."""

    def __init__(self, engine: LlamaEngine) -> None:
        self._engine = engine
        self.heard: list[tuple[Message, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def generate(self, request: Request) -> Iterator[Chunk]:
        self.heard.append(request.messages)
        return self._engine.generate(request)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """A small model whose tokens are bytes: what it says means nothing, and it reads a page at once."""
    path = tmp_path_factory.mktemp("reader") / "tiny.gguf"
    write_tiny_llama(path)
    engine = LlamaEngine(path, LlamaOptions(context=CONTEXT, threads=1), lambda _fraction: True)
    yield engine
    engine.close()


@pytest.fixture
def engine(reader: LlamaEngine) -> Listening:
    return Listening(reader)


@pytest.fixture
def turns(engine: Listening, store: Store, memories: Memories) -> Turns:
    return Turns(engine, store, memories=memories)


def again(ask: Ask, answer: Node) -> Ask:
    return replace(ask, question=None, parent=answer.parent)


def after(ask: Ask, answer: Node, question: str) -> Ask:
    return replace(ask, question=question, parent=answer.id)


def reminded(events: list[Event]) -> Reminded | None:
    return next((event for event in events if isinstance(event, Reminded)), None)


def shown(answer: Node) -> list[str]:
    return [one.id for one in answer.memories.shown] if answer.memories else []


def test_what_is_recalled_stands_right_before_the_question_and_is_kept_with_the_answer(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening
) -> None:
    (harbour,) = remember(file, HARBOUR)
    events = list(turns.run(asked(store, base, QUESTION)))
    answer = finished(events)
    told = reminded(events)
    assert told is not None and told.memories == answer.memories
    assert answer.memories is not None
    assert shown(answer) == [harbour]
    assert HARBOUR in answer.memories.block and answer.memories.block.count("NOTES") == 2
    assert engine.heard[-1][-1] == Message("user", f"{answer.memories.block}\n\n{QUESTION}")
    question, stored = store.path(answer.id)
    assert question.content == QUESTION, "the question itself stays as it was asked"
    assert stored == answer


def test_tokens_are_counted_of_each_memory_and_of_all_that_stands_before_the_question(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening
) -> None:
    remember(file, HARBOUR, BELL)
    answer = finished(list(turns.run(asked(store, base, BOTH))))
    assert answer.memories is not None and len(answer.memories.shown) == 2
    whole = engine.count_tokens(engine.heard[-1])
    *before, last = engine.heard[-1]
    bare = engine.count_tokens([*before, Message("user", last.content.rpartition("\n\n")[2])])
    assert answer.memories.tokens == whole - bare
    each = [one.tokens for one in answer.memories.shown]
    assert all(tokens is not None and tokens > 60 for tokens in each)
    assert sum(tokens or 0 for tokens in each) < answer.memories.tokens


def test_later_turns_read_it_again_byte_for_byte_from_what_is_in_the_cache(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening
) -> None:
    remember(file, HARBOUR)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    second = finished(list(turns.run(after(ask, first, "Hm?"))))
    assert shown(second) == [], "nothing is near to that"
    assert engine.heard[-1][: len(engine.heard[-2])] == engine.heard[-2]
    assert first.usage is not None and second.usage is not None
    assert second.usage.cached_tokens >= first.usage.prompt_tokens - 1


def test_a_program_that_starts_anew_reads_it_again_too(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening, tmp_path: Path
) -> None:
    remember(file, HARBOUR)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    with closing(Store.open(tmp_path / "conversations.sqlite3")) as reopened:
        list(Turns(engine, reopened).run(after(ask, first, "Hm?")))
    assert engine.heard[-1][: len(engine.heard[-2])] == engine.heard[-2]


def test_another_answer_is_shown_the_very_same(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening
) -> None:
    remember(file, HARBOUR)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    remember(file, "The harbour master of Ettersby paints every boat black now.")
    second = finished(list(turns.run(again(ask, first))))
    assert second.memories == first.memories
    assert engine.heard[-1] == engine.heard[-2]


def test_another_answer_without_memories_was_shown_none_and_the_first_keeps_its_own(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening
) -> None:
    remember(file, HARBOUR)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    second = finished(list(turns.run(replace(again(ask, first), recall=False))))
    assert engine.heard[-1][-1].content == QUESTION
    assert [shown(store.path(one.id)[-1]) for one in (first, second)] == [["L1"], []]
    list(turns.run(replace(after(ask, second, "Hm?"), recall=False)))
    assert engine.heard[-1][-3].content == QUESTION, "its branch goes on as it was read"
    list(turns.run(replace(after(ask, first, "Hm?"), recall=False)))
    assert HARBOUR in engine.heard[-1][-3].content, "and the first one's as that was read"


def test_an_edited_question_is_recalled_for_anew_and_the_first_keeps_its_own(
    turns: Turns, store: Store, base: Voice, file: Path
) -> None:
    remember(file, HARBOUR, TIDE)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    edited = finished(list(turns.run(replace(ask, question="When is high tide in Ettersby?"))))
    assert [shown(first), shown(edited)] == [["L1"], ["L2"]]
    assert store.path(first.id)[-1].memories == first.memories


def test_a_fork_goes_on_with_what_was_shown_before_it(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening, memories: Memories
) -> None:
    remember(file, HARBOUR, TIDE)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    Curator(memories).veto("L2", ask.conversation)
    fork = store.fork(first.id)
    memories.forked(ask.conversation, fork.id)
    going_on = replace(after(ask, first, "When is high tide in Ettersby?"), conversation=fork.id)
    events = list(turns.run(going_on))
    assert HARBOUR in engine.heard[-1][-3].content
    assert shown(finished(events)) == [], "what was vetoed before stays so"


def test_without_memories_the_prompt_is_what_it_was_before_there_were_any(
    store: Store, base: Voice, engine: Listening, turns: Turns, file: Path
) -> None:
    events = list(turns.run(asked(store, base, QUESTION)))
    assert reminded(events) is None, "no store: nothing to say"
    assert not file.exists(), "and none is made"
    MemoryStore.open(file).close()
    assert reminded(list(turns.run(asked(store, base, QUESTION)))) is None, "nor of an empty one"
    assert {message.content for heard in engine.heard for message in heard if message.role == "user"} == {
        QUESTION
    }


def test_nothing_near_is_nothing_shown_and_said(turns: Turns, store: Store, base: Voice, file: Path) -> None:
    remember(file, HARBOUR)
    events = list(turns.run(asked(store, base, "Name every animal.")))
    assert reminded(events) == Reminded(None, abstained=True)
    assert finished(events).memories is None


def test_a_mode_without_memories_is_shown_none(
    turns: Turns, store: Store, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "plain.toml").write_text(
        'title = "P"\ndescription = "d"\nmax_tokens = 3\n[memory]\nenabled = false\n'
    )
    remember(file, HARBOUR)
    voice = Catalog.load(tmp_path / "modes").voice("plain")
    assert shown(finished(list(turns.run(asked(store, voice, QUESTION))))) == []


def test_what_is_vetoed_is_never_shown_again_in_that_conversation_and_elsewhere_it_is(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening, memories: Memories
) -> None:
    remember(file, HARBOUR, BELL)
    ask = asked(store, base, BOTH)
    first = finished(list(turns.run(ask)))
    assert sorted(shown(first)) == ["L1", "L2"]
    Curator(memories).veto("L1", ask.conversation)
    second = finished(list(turns.run(again(ask, first))))
    third = finished(list(turns.run(after(ask, first, QUESTION))))
    assert [shown(second), shown(third)] == [["L2"], []]
    for heard in engine.heard[-2:]:
        assert all(HARBOUR not in message.content for message in heard)
    assert BELL in engine.heard[-1][-3].content, "the other one is still read where it stood"
    list(turns.run(after(ask, third, "Hm?")))
    assert engine.heard[-1][: len(engine.heard[-2])] == engine.heard[-2], "and always in the same bytes"
    assert store.path(first.id)[-1] == first, "what was shown then is still on record"
    assert shown(finished(list(turns.run(asked(store, base, QUESTION))))) == ["L1"]


def test_what_is_forgotten_is_not_read_again_either(
    turns: Turns, store: Store, base: Voice, file: Path, engine: Listening, memories: Memories
) -> None:
    remember(file, HARBOUR)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    assert Curator(memories).forget("L1", ask.conversation) == "local"
    memories.close()
    anew = by_keyword(file)
    list(Turns(engine, store, memories=anew).run(after(ask, first, "Hm?")))
    assert all(HARBOUR not in message.content for message in engine.heard[-1])
    anew.close()


def test_what_is_pinned_is_shown_with_every_question_and_is_warmer_for_it(
    turns: Turns, store: Store, base: Voice, file: Path, memories: Memories
) -> None:
    remember(file, HARBOUR, temperature=40.0)
    ask = asked(store, base, "Name every animal.")
    first = finished(list(turns.run(ask)))
    assert shown(first) == []
    Curator(memories).pin("L1", ask.conversation)
    assert Curator(memories).one("L1").heat == pytest.approx(40 + 0.1 * 45, abs=0.01)
    second = finished(list(turns.run(again(ask, first))))
    third = finished(list(turns.run(after(ask, second, "Hm?"))))
    assert [shown(second), shown(third)] == [["L1"], ["L1"]]
    Curator(memories).pin("L1", ask.conversation, on=False)
    assert shown(finished(list(turns.run(after(ask, third, "Hm?"))))) == []


def test_a_memory_that_is_not_there_can_be_neither_pinned_nor_forgotten(
    memories: Memories, file: Path
) -> None:
    with pytest.raises(MemoryRefused, match="tui memory add"):
        Curator(memories).pin("L1", "talk")
    remember(file, HARBOUR)
    for attempt in (Curator(memories).pin, Curator(memories).veto, Curator(memories).forget):
        with pytest.raises(MemoryRefused, match="no memory #L9"):
            attempt("L9", "talk")


@pytest.mark.parametrize(
    ("said", "warmer"),
    [("It is ochre, see [Memory #L1].", True), ("#L1: ochre.", True), ("Ochre.", False), ("#L12", False)],
)
def test_a_memory_that_the_answer_names_becomes_warmer_once_and_one_that_is_merely_shown_does_not(
    store: Store, base: Voice, file: Path, memories: Memories, engine: Listening, said: str, warmer: bool
) -> None:
    remember(file, HARBOUR, temperature=40.0)

    class Saying(Listening):
        def generate(self, request: Request) -> Iterator[Chunk]:
            for chunk in super().generate(request):
                yield replace(chunk, text=said if chunk.done else "")

    turns = Turns(Saying(engine._engine), store, memories=memories)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    list(turns.run(after(ask, first, QUESTION)))
    expected = 40 + 0.1 * 45 if warmer else 40
    assert Curator(memories).one("L1").heat == pytest.approx(expected, abs=0.01)


def test_memories_take_at_most_a_quarter_of_the_context(
    turns: Turns, store: Store, base: Voice, file: Path
) -> None:
    texts = [
        f"Ettersby harbour rule {n}: " + f"boats of kind {n} moor at the pier {n} at noon. " * 16
        for n in range(6)
    ]
    remember(file, *texts)
    answer = finished(list(turns.run(asked(store, base, "Where do boats moor at Ettersby harbour?"))))
    assert answer.memories is not None
    assert len(answer.memories.shown) == 1, "more fit into the characters, and not into the tokens"
    assert 1000 < answer.memories.tokens <= CONTEXT // 4


def test_a_question_that_fits_only_alone_is_asked_alone(
    turns: Turns, store: Store, base: Voice, file: Path
) -> None:
    remember(file, HARBOUR)
    long = "The harbour master of Ettersby paints every boat. " * 120
    answer = finished(list(turns.run(asked(store, base, long))))
    assert answer.status in ("done", "length")
    assert answer.memories is None


def damaged(file: Path) -> None:
    remember(file, HARBOUR)
    file.write_bytes(b"no database at all" * 100)


def of_a_newer_program(file: Path) -> None:
    remember(file, HARBOUR)
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 1000")


def a_folder(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize("spoil", [damaged, of_a_newer_program, a_folder])
def test_a_store_that_cannot_be_opened_is_told_once_and_the_conversation_goes_on(
    turns: Turns, store: Store, base: Voice, file: Path, memories: Memories, spoil: Callable[[Path], None]
) -> None:
    spoil(file)
    ask = asked(store, base, QUESTION)
    events = list(turns.run(ask))
    first = finished(events)
    told = reminded(events)
    assert told is not None and told.memories is None
    (note,) = told.notes
    assert str(file) in note or file.name in note
    assert first.status == "length"
    following = list(turns.run(after(ask, first, "Hm?")))
    assert reminded(following) is None and finished(following).status in ("done", "length")
    standing = memories.standing()
    assert standing is not None and standing.text(0) == "memory unavailable"


class Failing:
    """A source that works until it is told not to."""

    def __init__(self, store: MemoryStore) -> None:
        self._store, self.broken = store, False

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            if self.broken:
                raise MemoryUnavailable("memories.sqlite3: the disk is gone: look after it")
            return getattr(self._store, name)(*given, **named)

        return call


def test_a_store_that_fails_in_mid_recall_costs_memories_and_nothing_else(
    store: Store, base: Voice, file: Path, engine: Listening
) -> None:
    remember(file, HARBOUR)
    failing = Failing(MemoryStore.open(file))
    memories = Memories(lambda: Means(failing, failing, None))  # type: ignore[arg-type]
    turns = Turns(engine, store, memories=memories)
    ask = asked(store, base, QUESTION)
    first = finished(list(turns.run(ask)))
    Curator(memories).veto("L1", ask.conversation)
    memories.vetoed(ask.conversation)
    failing.broken = True
    events = list(turns.run(after(ask, first, QUESTION)))
    told = reminded(events)
    assert told is not None and told.memories is None
    assert [note for note in told.notes if "the disk is gone" in note]
    second = finished(events)
    assert second.status == "length"
    assert all(HARBOUR not in message.content for message in engine.heard[-1]), "a veto outlives the store"
    assert reminded(list(turns.run(after(ask, second, "Hm?")))) is None, "told once"
    failing.broken = False
    assert shown(finished(list(turns.run(asked(store, base, QUESTION))))) == ["L1"]
    assert store.path(first.id)[-1] == first


def test_how_memory_stands_can_be_asked_while_its_store_fails(file: Path) -> None:
    remember(file, HARBOUR)
    store = MemoryStore.open(file)
    memories = Memories(lambda: Means(store, store, None, lambda: Reach(True, store.marked_at("synced"))))
    memories.warm()
    assert memories.standing() == Standing(True, 1, True, Reach(True))
    store.close()
    found = memories.standing()
    assert found is not None and found.text(0) == "memory unavailable"


def test_another_program_that_writes_all_the_time_holds_no_answer_up(
    turns: Turns, store: Store, base: Voice, file: Path
) -> None:
    remember(file, HARBOUR)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = finished(list(turns.run(asked(store, base, QUESTION))))
        other.execute("ROLLBACK")
    assert shown(answer) == ["L1"]
    assert answer.status == "length"


def test_what_was_shown_reaches_the_disk_with_the_answer_when_it_could_not_before_it(
    turns: Turns, store: Store, base: Voice, file: Path
) -> None:
    remember(file, HARBOUR)
    ask = asked(store, base, QUESTION)
    run = turns.run(ask)
    events: list[Event] = [next(run)]
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    store._db.execute(
        "CREATE TEMP TRIGGER full BEFORE UPDATE OF memories ON message BEGIN SELECT raise(FAIL, 'full'); END"
    )
    events += [next(run), next(run)]
    assert isinstance(events[1], Reminded) and isinstance(events[2], NotSaved)
    store._db.execute("DROP TRIGGER full")
    store._db.execute("PRAGMA max_page_count = 1000000")
    answer = finished([*events, *run])
    assert store.path(answer.id)[-1] == answer
    assert shown(answer) == ["L1"]


def test_a_recollection_survives_the_disk_whatever_is_in_it(store: Store) -> None:
    talk = store.create()
    question = store.add_question(talk.id, None, "q")
    texts = st.text(st.characters(codec="utf-8"), max_size=60)

    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(block=texts, content=texts, heat=st.floats(0, 100), near=st.floats(0, 1), domain=st.none() | texts)
    def kept(block: str, content: str, heat: float, near: float, domain: str | None) -> None:
        memories = Recollection(block, (Shown("L1", content, "hot", heat, near, domain, 3),), 7)
        answer = store.begin_answer(talk.id, question.id, Provenance("m", None, "base", "1"))
        store.remember(answer.id, memories)
        assert store.path(answer.id)[-1].memories == memories
        store.finish_answer(answer.id, text="a", thinking="", status="done", usage=None)
        assert store.path(answer.id)[-1].memories == memories

    kept()
