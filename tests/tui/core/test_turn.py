"""One turn on the real model and a real store: what is told, what is kept, and what wrote it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.contract import Chunk, Message, Request, Sampling
from engine.llama.engine import LlamaEngine
from engine.lowrank import Basis, Coefficients, Core, Subspace
from modes.catalog import Catalog
from modes.share.library import Library
from modes.voice import Voice
from tests.tui.program import ENDLESS
from tests.tui.talk import COLOUR, asked, finished, text_of
from tui.core.coefficients import SHIPPED, Wardrobe
from tui.core.conversation import Finished, Started
from tui.core.store import Store
from tui.core.turn import Ask, Turns

PIRATE = """
title = "Pirate"
description = "For tests."
prompt = "You are a pirate. Answer like a pirate."
max_tokens = 12
[sampling]
temperature = 0.0
repeat_penalty = 1.3
"""

UNTIL_FULL_STOP = """
title = "Sentence"
description = "For tests."
stop = ["."]
max_tokens = 60
[sampling]
temperature = 0.0
"""

TRAINED = """
title = "Trained"
description = "For tests."
coefficients = "trained"
"""


@pytest.fixture
def speak(tmp_path: Path) -> Callable[[str], Voice]:
    """The voice of a built-in mode, or of one of the mode files above."""
    folder = tmp_path / "modes"
    folder.mkdir()
    for name, text in (("pirate", PIRATE), ("sentence", UNTIL_FULL_STOP), ("trained", TRAINED)):
        (folder / f"{name}.toml").write_text(text)
    catalog = Catalog.load(folder)
    assert not catalog.problems
    return catalog.voice


def test_a_turn_goes_from_started_over_reading_and_words_to_finished(
    turns: Turns, store: Store, speak: Callable[[str], Voice]
) -> None:
    events = list(turns.run(asked(store, speak("base"), COLOUR)))
    started, *chunks, _ = events
    assert isinstance(started, Started)
    assert started.question is not None
    assert [started.question.content, started.answer.status] == [COLOUR, "streaming"]
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    kinds = ["read" if chunk.prefill else "said" for chunk in chunks if isinstance(chunk, Chunk)]
    assert kinds == sorted(kinds), "all reading comes before all words"
    assert set(kinds) == {"read", "said"}
    assert [chunk.done for chunk in chunks if isinstance(chunk, Chunk)][-1] == "length"
    assert finished(events).id == started.answer.id


def test_the_answer_is_stored_as_it_was_streamed(
    turns: Turns, store: Store, speak: Callable[[str], Voice]
) -> None:
    ask = asked(store, speak("base"), COLOUR)
    events = list(turns.run(ask))
    answer = finished(events)
    assert answer.content == text_of(events) != ""
    question, stored = store.path(answer.id)
    assert stored == answer
    assert [question.role, question.content] == ["user", COLOUR]
    assert store.get(ask.conversation).head == answer.id


def test_every_answer_says_what_wrote_it(
    store: Store, speak: Callable[[str], Voice], starter_engine: LlamaEngine, tmp_path: Path
) -> None:
    turns = Turns(starter_engine, store, Wardrobe(tmp_path / "none of one's own"))
    legal = speak("legal*0.5+coding*0.5")
    conversation = store.create(legal.spec).id
    *_, last = turns.run(Ask(conversation, legal, "What is a claim?", None, max_tokens=4))
    assert isinstance(last, Finished)
    answer = store.path(last.answer.id)[-1]
    wrote, usage = answer.provenance, answer.usage
    assert wrote is not None
    assert usage is not None
    assert wrote.model == starter_engine.info.name
    assert wrote.fingerprint == starter_engine.fingerprint()
    assert [wrote.mode, wrote.mode_version] == [legal.spec, legal.version]
    assert wrote.scales == (("legal", 0.5), ("coding", 0.5))
    assert wrote.coefficients == f"shipped {Library(SHIPPED).current()}"
    assert wrote.sampling == {**wrote.sampling, "temperature": 0.2, "top_p": 0.9, "seed": usage.seed}
    assert Sampling(**wrote.sampling).seed == usage.seed, "the seed that was drawn, not None"
    assert usage.prompt_tokens > usage.cached_tokens >= 0
    assert 0 <= usage.decode_tokens <= 3
    for name in ("legal", "coding"):
        starter_engine.remove(name)


def test_the_stored_sampling_asks_for_the_same_answer_again(
    turns: Turns, store: Store, speak: Callable[[str], Voice]
) -> None:
    hot = Ask(store.create().id, speak("base"), "Invent a word.", None, Sampling(temperature=1.5), 12)
    first = finished(list(turns.run(hot)))
    assert first.provenance is not None
    again = replace(hot, question=None, parent=first.parent, sampling=Sampling(**first.provenance.sampling))
    other = replace(again, sampling=replace(Sampling(**first.provenance.sampling), seed=12345))
    assert finished(list(turns.run(again))).content == first.content
    assert finished(list(turns.run(other))).content != first.content


def test_another_answer_is_a_branch_beside_the_first(
    turns: Turns, store: Store, speak: Callable[[str], Voice]
) -> None:
    ask = asked(store, speak("base"), COLOUR, 4)
    first = finished(list(turns.run(ask)))
    events = list(turns.run(replace(ask, question=None, parent=first.parent)))
    started, second = events[0], finished(events)
    assert isinstance(started, Started)
    assert started.question is None
    assert [node.id for node in store.children(first.parent, ask.conversation)] == [first.id, second.id]
    assert store.get(ask.conversation).head == second.id


def test_an_edited_question_is_a_branch_beside_the_first(
    turns: Turns, store: Store, speak: Callable[[str], Voice]
) -> None:
    ask = asked(store, speak("base"), COLOUR, 4)
    first = finished(list(turns.run(ask)))
    edited = finished(list(turns.run(replace(ask, question="Name a tree."))))
    roots = [node.content for node in store.children(None, ask.conversation)]
    assert roots == [COLOUR, "Name a tree."]
    assert [node.content for node in store.path(edited.id)] == ["Name a tree.", edited.content]
    assert store.path(first.id)[-1] == first


def test_the_next_turn_reads_what_was_said_before(
    turns: Turns, store: Store, speak: Callable[[str], Voice], starter_engine: LlamaEngine
) -> None:
    ask = asked(store, speak("base"), COLOUR, 4)
    first = finished(list(turns.run(ask)))
    second = finished(list(turns.run(replace(ask, question="Another.", parent=first.id))))
    talk = [
        Message("user", COLOUR),
        Message("assistant", first.content),
        Message("user", "Another."),
    ]
    assert second.usage is not None
    assert second.usage.prompt_tokens == starter_engine.count_tokens(talk)
    assert second.usage.cached_tokens > starter_engine.count_tokens(talk[:1]) - 5, "the first turn was kept"


def test_the_mode_gives_the_prompt_the_sampling_and_the_length(
    turns: Turns, store: Store, speak: Callable[[str], Voice], starter_engine: LlamaEngine
) -> None:
    pirate = speak("pirate")
    messages = (Message("system", pirate.lead.prompt), Message("user", "Who are you?"))
    sampling = Sampling(temperature=0.0, repeat_penalty=1.3)
    # From here on the prompt is read in the same way each time.
    list(starter_engine.generate(Request(messages, sampling, max_tokens=1)))
    answer = finished(list(turns.run(Ask(store.create().id, pirate, "Who are you?", None))))
    plain = starter_engine.generate(Request(messages, sampling, max_tokens=12))
    assert answer.content == "".join(chunk.text for chunk in plain)
    assert answer.status == "length"
    bare = starter_engine.generate(Request(messages[1:], sampling, max_tokens=12))
    assert answer.content != "".join(chunk.text for chunk in bare)


def test_the_mode_gives_the_stop_strings(turns: Turns, store: Store, speak: Callable[[str], Voice]) -> None:
    ask = Ask(store.create().id, speak("sentence"), "Tell me about the sea.", None)
    answer = finished(list(turns.run(ask)))
    assert answer.status == "done"
    assert answer.content
    assert "." not in answer.content


def test_coefficients_change_the_answer_and_are_on_record(
    turns: Turns, store: Store, speak: Callable[[str], Voice], starter_engine: LlamaEngine
) -> None:
    random = np.random.default_rng(1)
    up, down = (np.linalg.qr(random.normal(size=(576, 32)))[0].astype(np.float32) for _ in "UV")
    basis = Basis({"blk.3.attn_output.weight": Subspace(up, down)}, starter_engine.fingerprint() or "")
    core = Core(np.eye(32, dtype=np.float32) * 500)
    starter_engine.install("trained", basis, Coefficients({"blk.3.attn_output.weight": core}))
    try:
        trained = finished(list(turns.run(asked(store, speak("trained*0.7"), ENDLESS))))
    finally:
        starter_engine.remove("trained")
    base = finished(list(turns.run(asked(store, speak("base"), ENDLESS))))
    assert trained.content != base.content
    assert trained.provenance is not None
    assert trained.provenance.scales == (("trained", 0.7),)
    assert store.path(trained.id)[-1].provenance == trained.provenance


def test_coefficients_that_are_not_installed_fail_the_answer_in_words(
    turns: Turns, store: Store, speak: Callable[[str], Voice]
) -> None:
    answer = finished(list(turns.run(asked(store, speak("trained")))))
    assert answer.status == "failed"
    assert answer.error is not None
    assert "trained" in answer.error
    assert store.path(answer.id)[-1] == answer
    following = finished(list(turns.run(asked(store, speak("base")))))
    assert following.status == "length", "the engine goes on"


def test_a_question_that_does_not_fit_the_context_fails_with_both_numbers(
    turns: Turns, store: Store, speak: Callable[[str], Voice], starter_engine: LlamaEngine
) -> None:
    question = "word " * 2000
    answer = finished(list(turns.run(asked(store, speak("base"), question))))
    assert answer.status == "failed"
    tokens = starter_engine.count_tokens([Message("user", question)])
    assert answer.error is not None
    assert f"{tokens:,} tokens" in answer.error
    assert "1,024" in answer.error
    assert store.path(answer.id)[-1] == answer
