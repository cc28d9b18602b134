"""Several answers at once on one context of llama.cpp's; what every engine does is in ``contract``."""

from __future__ import annotations

import threading
from pathlib import Path

from engine.contract import Request
from engine.llama.engine import LlamaEngine, LlamaOptions
from tests.engine.llama.answers import ENDLESS, Answer, ask, at_once, begun, request
from tests.engine.tiny import write_tiny_llama, write_tiny_mamba

#: How far (in logits) a greedy token may be from the best one of a read in other batches.
ROUNDING = 0.05


def endless(text: str, **fields: object) -> Request:
    return request(text, **{"max_tokens": None, **fields})


def is_greedy(engine: LlamaEngine, asked: Request, answer: Answer) -> bool:
    """Whether every token of it is what the model alone, in that mode, thinks best."""
    prompt = engine._template.render(asked.messages)
    read = engine._model.prompt_tokens(prompt)
    rows = engine.logits([*read, *answer.tokens], asked.scales)[len(read) - 1 : -1]
    return all(row.max() - row[token] < ROUNDING for row, token in zip(rows, answer.tokens, strict=True))


def test_more_answers_at_once_than_a_batch_was_set_to_hold_are_all_answered(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf")
    options = LlamaOptions(context=256, threads=1, slots=12, batch=8)
    engine = LlamaEngine(path, options, lambda _fraction: True)
    asked = [request(f"number {i}", max_tokens=8) for i in range(12)]
    for one, answer in zip(asked, at_once(engine, asked), strict=True):
        assert is_greedy(engine, one, answer)
    engine.close()


def test_a_long_prompt_is_read_in_pieces_between_which_others_write(starter_engine: LlamaEngine) -> None:
    writing = starter_engine.generate(endless(ENDLESS))
    begun(writing)
    order: list[str] = []
    reader = threading.Thread(
        target=lambda: order.extend(
            "read" if chunk.prefill else "answer" for chunk in starter_engine.generate(request("word " * 700))
        )
    )
    reader.start()
    while reader.is_alive():
        order.extend("wrote" for _ in begun(writing, 1))
    writing.close()  # type: ignore[attr-defined]
    between = order[order.index("read") : len(order) - 1 - order[::-1].index("read")]
    assert between.count("read") > 700 // 256 + 2, "whole batches would have been fewer"
    assert between.count("wrote") >= between.count("read") // 2


def test_going_back_to_a_mode_reads_only_what_that_mode_has_not_read(starter_engine: LlamaEngine) -> None:
    starter_engine.forget()
    question = "What is a river, and where does it go?"
    others = [f"{question} {i}" for i in range(8)]
    first = ask(starter_engine, question)
    for other in others:
        ask(starter_engine, other)
    again = ask(starter_engine, question, first.text, "And then?")
    assert again.usage.cached_tokens >= first.usage.prompt_tokens


def test_a_recurrent_model_answers_again_without_reading_again(tmp_path: Path) -> None:
    path = write_tiny_mamba(tmp_path / "tiny.gguf")
    engine = LlamaEngine(path, LlamaOptions(context=512, threads=1, slots=2), lambda _fraction: True)
    first = ask(engine, "Tell me of the river.", max_tokens=5)
    again = ask(engine, "Tell me of the river.", max_tokens=5)
    assert again.usage.cached_tokens == first.usage.prompt_tokens - 1
    assert again.tokens == first.tokens
    engine.close()
