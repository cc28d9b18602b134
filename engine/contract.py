"""What every engine promises: the values that go in, the values that come out, and the errors.

This module must not know llama.cpp, MLX, or any server: it is imported before any of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from engine.sampling import Sampling as Sampling  # noqa: PLC0414 - it belongs to what is promised here

if TYPE_CHECKING:  # NumPy stays out of whatever only needs these values
    from engine.lowrank import Basis, Coefficients

Role = Literal["system", "user", "assistant"]

#: Why an answer ended. ``context``: the context is full. ``length``: ``max_tokens`` was reached.
DoneReason = Literal["stop", "length", "context", "cancelled"]

#: ``(name, scale)`` pairs of installed coefficients; empty means the base model itself.
Scales = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the chat template sees it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One answer to be generated.

    ``thinking`` is passed to chat templates that know the switch (None: the template's own default);
    ``thinking_budget`` is the most tokens of it, after which it is ended. ``grammar`` is GBNF,
    ``json_schema`` a JSON Schema as text. ``logit_bias`` adds to the logits of single tokens, each by its
    number or as a text that is one token.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    scales: Scales = ()
    thinking: bool | None = None
    thinking_budget: int | None = None
    grammar: str | None = None
    json_schema: str | None = None
    logit_bias: tuple[tuple[int | str, float], ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer cost. Times are seconds; ``decode_tokens`` leaves out the first token.

    ``estimated``: the tokens are a guess, because a server counted none.
    """

    prompt_tokens: int
    cached_tokens: int
    prefill_seconds: float
    first_token_seconds: float
    decode_tokens: int
    decode_seconds: float
    seed: int
    estimated: bool = False

    @property
    def prefill_rate(self) -> float | None:
        """Prompt tokens evaluated per second; None when nothing was timed."""
        evaluated = self.prompt_tokens - self.cached_tokens
        return evaluated / self.prefill_seconds if self.prefill_seconds > 0 else None

    @property
    def decode_rate(self) -> float | None:
        """Tokens per second after the first; None when nothing was timed, or no other was written."""
        timed = self.decode_tokens > 0 and self.decode_seconds > 0
        return self.decode_tokens / self.decode_seconds if timed else None


@dataclass(frozen=True, slots=True)
class Prefill:
    """How far the prompt has been read, in tokens (``done`` includes those found in the cache)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer. The last chunk, and only it, carries ``done`` and ``usage``.

    ``text`` belongs to the answer, ``thinking`` to the reasoning before it; both always end on a whole
    character. ``prefill`` is set on chunks sent while the prompt is being read.
    """

    text: str = ""
    thinking: str = ""
    tokens: tuple[int, ...] = ()
    prefill: Prefill | None = None
    done: DoneReason | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The base model as loaded. Sizes are bytes, ``context`` (of each answer) and ``trained_context`` tokens.

    Of a model on a server ``path`` is None, and numbers that it does not tell are 0.

    ``thinks``: the model's template knows reasoning. ``slots``: answers that can be written at once.
    ``notes``: what the operator should know. ``tuning``: how it is run, and why, a sentence each.
    ``prompt_only``: why no coefficients can be installed, a sentence; None where they can be.
    """

    name: str
    architecture: str
    path: Path | None
    size: int
    parameters: int
    context: int
    trained_context: int
    device: str
    thinks: bool
    slots: int = 1
    notes: tuple[str, ...] = ()
    tuning: tuple[str, ...] = ()
    prompt_only: str | None = None


Progress = Callable[[float], bool]
"""Called with a fraction in 0..1 while a model loads; returning False gives up the load."""


class Engine(Protocol):
    """A loaded base model. Every method may be called from any thread."""

    @property
    def info(self) -> ModelInfo: ...

    def fingerprint(self, wait: bool = True) -> str | None:
        """Identity of the base weights; with ``wait=False`` None while it is still being read."""

    def install(self, name: str, basis: Basis, coefficients: Coefficients) -> None:
        """Make coefficients usable under ``name``. Raises `WrongBase`, `AdapterRefused`."""

    def remove(self, name: str) -> None:
        """Forget ``name``; cleared from every context before it is freed. Raises `NotInstalled`."""

    def installed(self) -> tuple[str, ...]: ...

    def generate(self, request: Request) -> Iterator[Chunk]:
        """Stream one answer. Raises `PromptTooLong`, `NotInstalled`, `GenerationFailed`.

        Closing the iterator cancels the request.
        """

    def check(self, request: Request) -> None:
        """Raises `BadConstraint` where `generate` would for this request; its messages are not looked at."""

    def score(
        self, prompt: str | Sequence[Message], continuations: Sequence[str], scales: Scales = ()
    ) -> list[list[float]]:
        """Log-likelihood (nats) of every token of each continuation after ``prompt``.

        A text is taken as it stands; messages go through the chat template, and the continuations are
        answers without thinking. Raises `PromptTooLong`, `NotInstalled`, `GenerationFailed`, `NotOffered`.
        """

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        """Tokens of the prompt that the chat template makes of ``messages``."""

    def cancel(self, request_id: str) -> None:
        """End a request within one token; its stream closes with ``done="cancelled"``."""

    def close(self) -> None: ...


class EngineError(Exception):
    """Base of everything an engine refuses; the text says what, where and what to do."""


class ModelUnusable(EngineError):
    """The model file is missing, damaged, of an unknown kind, or does not fit this machine."""


class LoadCancelled(EngineError):
    """Loading was given up because the caller asked for it."""


class PromptTooLong(EngineError):
    """The prompt does not fit the context."""

    def __init__(self, tokens: int, context: int) -> None:
        self.tokens, self.context = tokens, context
        super().__init__(
            f"the prompt is {tokens:,} tokens and the context holds {context:,}: shorten it, "
            "start a new conversation, or set a larger context (--context)"
        )


class NotInstalled(EngineError):
    """A request named coefficients that the engine does not hold."""


class WrongBase(EngineError):
    """Coefficients were made for another base model."""


class AdapterRefused(EngineError):
    """The engine could not take an adapter (shape, memory, unknown module)."""


class BadConstraint(EngineError):
    """A grammar, JSON schema or bias that cannot be used."""


class NotOffered(EngineError):
    """Something that this engine cannot do at all."""


class GenerationFailed(EngineError):
    """The engine itself failed in mid-answer."""
