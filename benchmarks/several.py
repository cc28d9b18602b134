"""Several answers at once over one alone; and what going back to a mode or conversation reads again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.models import random_mode
from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Chunk, Message, Request, Sampling, Scales, Usage
from engine.llama.engine import LlamaEngine, LlamaOptions
from tui.core.models import starter_model

TOKENS = 48
ROUNDS = 7
_GREEDY = Sampling(temperature=0.0)
_LONG = "The river carries what the mountain gave away. " * 40


def request(text: str, scales: Scales = (), tokens: int = TOKENS) -> Request:
    return Request((Message("user", text),), _GREEDY, tokens, scales=scales)


def rate(engine: LlamaEngine, requests: list[Request]) -> float:
    """Tokens per second of all answers together, once each has its first token."""
    streams = [engine.generate(one) for one in requests]
    for stream in streams:
        _until_first(stream)
    began = time.perf_counter()
    lasts = [list(stream)[-1] for stream in streams]
    seconds = time.perf_counter() - began
    return sum(last.usage.decode_tokens for last in lasts if last.usage) / seconds


def _until_first(stream: Iterator[Chunk]) -> None:
    for chunk in stream:
        if chunk.tokens:
            return


def asked(engine: LlamaEngine, one: Request) -> Usage:
    *_, last = engine.generate(one)
    assert last.usage is not None
    return last.usage


def main() -> None:
    """Print the table of answers at once and of tokens read again."""
    path = starter_model()
    assert path is not None
    engine = LlamaEngine(path, LlamaOptions(context=2048, slots=4), lambda _fraction: True)
    for seed, name in enumerate("ab"):
        engine.install(name, *random_mode(engine._model, engine.fingerprint() or "", seed))
    a, b = (("a", 1.0),), (("b", 1.0),)
    story = "Write a long story about a river and a fox."
    runs = {
        "one": [request(f"{story} 1")],
        "two": [request(f"{story} {i}") for i in range(2)],
        "four": [request(f"{story} {i}") for i in range(4)],
        "one mode": [request(f"{story} 1", a)],
        "two modes": [request(f"{story} 1", a), request(f"{story} 2", b)],
    }
    figures = alternate({name: partial(rate, engine, one) for name, one in runs.items()}, ROUNDS)
    say(f"Answers at once, {TOKENS} tokens each, {ROUNDS} alternating rounds: tok/s of all together")
    for name, found in figures.items():
        say(f"  {name:<42} {spread(found, 'tok/s')}")
    say(f"  {'two at once / one alone':<42} {ratio(figures['two'], figures['one'])}")
    say(f"  {'four at once / one alone':<42} {ratio(figures['four'], figures['one'])}")
    say(f"  {'two in two modes / one in a mode':<42} {ratio(figures['two modes'], figures['one mode'])}")
    again(engine)
    engine.close()


def again(engine: LlamaEngine) -> None:
    """What is read when one comes back, in tokens of so many."""
    say("Coming back: tokens read of the prompt's, and seconds to the first token")
    a = (("a", 1.0),)
    engine.forget()

    def tell(what: str, usage: Usage) -> None:
        read = usage.prompt_tokens - usage.cached_tokens
        say(f"  {what:<42} {read:,} of {usage.prompt_tokens:,}, {usage.first_token_seconds * 1000:,.0f} ms")

    tell("a question after a long text", asked(engine, request(_LONG)))
    tell("the same in another mode, for the first time", asked(engine, request(_LONG, a)))
    for other in range(6):
        asked(engine, request(f"{other} {_LONG}", tokens=1))
    tell("back in the base, six conversations later", asked(engine, request(_LONG)))
    tell("back in the mode", asked(engine, request(_LONG, a)))
    stats = engine.cache_stats()
    say(f"  {'parked meanwhile':<42} {stats.parked} in {stats.bytes / 1e6:,.0f} MB, {stats.evicted} given up")
