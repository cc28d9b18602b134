"""An answer that is cancelled while its prompt is read; what every engine does is in ``contract``."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine.contract import Request
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.generation import Generation
from tests.engine.llama.answers import ENDLESS, Answer, ask, gather, request
from tests.engine.tiny import write_tiny_llama

#: Takes the starter model seconds to read: a step of it is long over before all is.
LONG = "word " * 900


def cancelled_at(engine: LlamaEngine, wanted: Request, chunks: int) -> Answer:
    """An answer that is cancelled when so many of its chunks have come."""
    seen = []
    for chunk in engine.generate(wanted):
        seen.append(chunk)
        if len(seen) == chunks:
            engine.cancel(wanted.id)
    return gather(seen)


def test_cancelling_while_the_prompt_is_read_ends_the_reading(starter_engine: LlamaEngine) -> None:
    answer = cancelled_at(starter_engine, request(LONG, max_tokens=None), 1)
    assert answer.done == "cancelled"
    assert [answer.text, answer.tokens] == ["", []]
    assert answer.reading[-1].done < answer.reading[-1].total == answer.usage.prompt_tokens
    assert answer.usage.decode_tokens == 0


def test_a_cancelled_answer_leaves_the_next_one_as_it_would_have_been(starter_engine: LlamaEngine) -> None:
    for wanted in (request(LONG), request(ENDLESS, max_tokens=None)):
        cancelled_at(starter_engine, wanted, 1)
        assert ask(starter_engine, "Repeat: red", "red", "Repeat: tree").text == "tree"


def test_an_answer_may_be_let_go_of_at_any_moment_on_the_engines_own_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the garbage collector does: here, wherever it is asked who is cancelled."""
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    engine = LlamaEngine(path, LlamaOptions(context=256, threads=1), lambda _fraction: True)
    other = request("another", max_tokens=1)
    left = engine.generate(other)
    inside: list[bool] = []

    def cancelled(one: Generation) -> bool:
        if not inside:
            inside.append(True)
            engine.cancel(other.id)
            inside.clear()
        return one.telling.cancelled.is_set()

    with monkeypatch.context() as watched:
        watched.setattr(Generation, "cancelled", property(cancelled))
        asking = threading.Thread(target=ask, args=(engine, "hi"), kwargs={"max_tokens": 3}, daemon=True)
        asking.start()
        asking.join(60)
        assert not asking.is_alive(), "it waits for itself"
    del left
    engine.close()
