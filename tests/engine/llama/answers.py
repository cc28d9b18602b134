"""Short words for tests that ask an engine something and look at what came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.contract import Chunk, DoneReason, Engine, Message, Prefill, Request, Sampling, Usage
from engine.llama.engine import LlamaEngine

GREEDY = Sampling(temperature=0.0)

#: Asked greedily of the starter model, this goes on for thousands of tokens.
ENDLESS = "Tell me a very long story about a fox and a river, with many chapters."


@dataclass(frozen=True)
class Answer:
    """All chunks of one answer."""

    chunks: tuple[Chunk, ...]

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def tokens(self) -> list[int]:
        return [token for chunk in self.chunks for token in chunk.tokens]

    @property
    def reading(self) -> list[Prefill]:
        return [chunk.prefill for chunk in self.chunks if chunk.prefill]

    @property
    def done(self) -> DoneReason | None:
        return self.chunks[-1].done

    @property
    def usage(self) -> Usage:
        usage = self.chunks[-1].usage
        assert usage is not None
        return usage


def talk(*lines: str) -> tuple[Message, ...]:
    """Question, answer, question and so on."""
    return tuple(Message("assistant" if i % 2 else "user", line) for i, line in enumerate(lines))


def request(*lines: str, **fields: Any) -> Request:
    """A greedy request of a few tokens, unless the fields say otherwise."""
    return Request(talk(*lines), **{"sampling": GREEDY, "max_tokens": 8, **fields})


def gather(chunks: Iterable[Chunk]) -> Answer:
    return Answer(tuple(chunks))


def ask(engine: Engine, *lines: str, **fields: Any) -> Answer:
    return gather(engine.generate(request(*lines, **fields)))


def ask_afresh(engine: LlamaEngine, *lines: str, **fields: Any) -> Answer:
    """Ask with nothing read before: other batches change the last digits, and those a greedy answer."""
    engine.forget()
    return ask(engine, *lines, **fields)


def begun(stream: Iterator[Chunk], tokens: int = 3) -> list[Chunk]:
    """What has come when so many tokens are there."""
    seen: list[Chunk] = []
    while sum(len(chunk.tokens) for chunk in seen) < tokens:
        seen.append(next(stream))
    return seen


def at_once(engine: Engine, requests: Iterable[Request]) -> list[Answer]:
    """Answers to requests that were all made before any of them is looked at."""
    streams = [engine.generate(one) for one in requests]
    return [gather(stream) for stream in streams]
