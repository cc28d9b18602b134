"""An answer that is cancelled while its prompt is read; what every engine does is in ``contract``."""

from __future__ import annotations

from engine.contract import Request
from engine.llama.engine import LlamaEngine
from tests.engine.llama.answers import ENDLESS, Answer, ask, gather, request

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
