"""Thinking, from the starter model itself under a chat template that makes it think."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract import Chunk
from engine.llama.engine import LlamaEngine, LlamaOptions
from modes.voice import Voice
from tests.tui.talk import asked, begun, finished, text_of
from tui.core.store import Store
from tui.core.turn import Turns
from tui.core.window import as_messages

#: A pattern to go on with; the prompt ends where the thinking begins.
THINKING = (
    "Q: one\n<think>\nIt is 1.\n</think>\nuno\n"
    "Q: two\n<think>\nIt is 2.\n</think>\ndos\n"
    "Q: three\n<think>\nIt is 3.\n</think>\ntres\n"
    "Q: {{ messages[-1].content }}\n<think>\n"
)


@pytest.fixture(scope="module")
def thinker(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """The starter model with its template replaced by one of the same length."""
    whole = starter.read_bytes()
    at = whole.index(b"{% for message in messages %}{% if loop.first")
    end = whole.index(b"<|im_start|>assistant\n' }}{% endif %}", at) + 37
    filler = "{#" + "-" * (end - at - len(THINKING) - 4) + "#}"
    path = tmp_path_factory.mktemp("thinker") / "thinker.gguf"
    path.write_bytes(whole[:at] + (filler + THINKING).encode() + whole[end:])
    engine = LlamaEngine(path, LlamaOptions(context=512, threads=1), lambda _fraction: True)
    assert engine.info.notes == ()
    yield engine
    engine.close()
    path.unlink()


def test_thinking_is_kept_apart_from_the_answer_and_not_read_again(
    thinker: LlamaEngine, store: Store, base: Voice
) -> None:
    voice = replace(base, parts=((base.lead.model_copy(update={"stop": ("\n",)}), 1.0),))
    events = list(Turns(thinker, store).run(asked(store, voice, "four", 30)))
    answer = finished(events)
    thought = "".join(event.thinking for event in events if isinstance(event, Chunk))
    stored = store.path(answer.id)[-1]
    assert stored == answer
    assert stored.thinking == thought
    assert stored.thinking.strip() == "It is 4."
    assert stored.content == text_of(events) != ""
    assert "think" not in stored.content
    assert stored.status == "done"
    shown_next = as_messages(store.path(answer.id))
    assert [message.content for message in shown_next] == ["four", stored.content]


def test_an_answer_stopped_while_it_thinks_keeps_its_thoughts(
    thinker: LlamaEngine, store: Store, base: Voice
) -> None:
    run = Turns(thinker, store).run(asked(store, base, "five", 30))
    events = [next(run)]
    while not any(isinstance(event, Chunk) and event.thinking for event in events):
        events.append(next(run))
    run.close()
    stored = store.path(begun(events).id)[-1]
    assert [stored.status, stored.content] == ["stopped", ""]
    assert stored.thinking
