"""Plain questions and the notes that answer them, by the starter's embedding model and its thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from memory.embed import LocalEmbedder
from memory.importing.run import import_path
from memory.recall.recall import Recall
from memory.recalled import Policy
from memory.record import Memory
from memory.sqlite.store import MemoryStore

ANSWERED = {
    "which medicine did the doctor give?": "The physician prescribed tablets against high blood pressure.",
    "what is wrong with the barn?": "The roof of the barn leaks since the storm.",
    "What do I need to prove service connection?": "38 CFR 3.303 says that service connection needs a "
    "current disability, an in-service event, and a nexus between them.",
    "Where is the backup server now?": "The backup server was moved to rack 4 on Tuesday.",
    "Why did we choose SQLite?": "We decided to use SQLite for the local store because it needs no server.",
    "How do I make bean bread?": "Grandmother's bean bread: cornmeal, pinto beans, boiled for an hour.",
    "Who has to run the deploy script?": "The deploy script must be run as the service user, never as root.",
    "When should I meet Anna?": "Anna prefers meetings in the morning and does not like phone calls.",
}
NOTES = """# House
The roof leaks above the kitchen since March; the roofer is Ames, phone on the fridge.
The boiler was serviced in October 2026 and needs a new valve next year.
# Garden
The pear tree is pruned in February. Slugs eat the hostas.
"""
IN_ONE_FILE = {
    "When was the boiler serviced?": "House",
    "Who repairs the roof?": "House",
    "what eats the hostas": "Garden",
    "When do I prune the pear tree?": "Garden",
    "boiler valve": "House",
}
STRANGERS = (
    "What is the capital of France?",
    "Write a haiku about autumn",
    "How do I sort a list in Python?",
)


@pytest.fixture(scope="module")
def embedder() -> Iterator[LocalEmbedder]:
    with closing(LocalEmbedder()) as made:
        yield made


@pytest.fixture(scope="module")
def store(embedder: LocalEmbedder) -> Iterator[MemoryStore]:
    notes = list(ANSWERED.values())
    names = [str(at) for at in range(len(notes))]
    with closing(MemoryStore.open(None)) as made:
        made.take_in(Memory(name, note, 50.0, 0.0, 0.0) for name, note in zip(names, notes, strict=True))
        made.put_vectors(embedder.model, names, embedder.embed(notes))
        yield made


@pytest.mark.parametrize(("at", "question"), enumerate(ANSWERED))
def test_a_question_is_near_to_the_note_that_answers_it_and_to_no_other(
    store: MemoryStore, embedder: LocalEmbedder, at: int, question: str
) -> None:
    found = Recall(store, embedder, patience=60).recall(question, Policy())
    assert [one.id for one in found.shown] == [str(at)]


@pytest.mark.parametrize("question", STRANGERS)
def test_a_question_that_no_note_answers_is_near_to_none(
    store: MemoryStore, embedder: LocalEmbedder, question: str
) -> None:
    assert Recall(store, embedder, patience=60).recall(question, Policy()).abstained


@pytest.fixture(scope="module")
def imported(embedder: LocalEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryStore]:
    """A store with one file of notes about several things."""
    file = tmp_path_factory.mktemp("notes") / "notes.md"
    file.write_text(NOTES)
    with closing(MemoryStore.open(None)) as made:
        import_path(made, file)
        while lacking := made.lacking(embedder.model, 10):
            names, texts = zip(*lacking, strict=True)
            made.put_vectors(embedder.model, names, embedder.embed(texts))
        yield made


@pytest.mark.parametrize(("question", "section"), IN_ONE_FILE.items())
def test_the_section_of_a_file_that_answers_is_found_whatever_else_the_file_says(
    imported: MemoryStore, embedder: LocalEmbedder, question: str, section: str
) -> None:
    (found,) = Recall(imported, embedder, patience=60).recall(question, Policy()).shown
    assert found.content.startswith(section)
