"""What the status line says of a turn: folded from its events, without a screen.

This module must not know widgets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.contract import Chunk, Prefill, Usage
    from tui.core.conversation import Finished, Node

Phase = Literal["idle", "waiting", "reading", "thinking", "answering"]


@dataclass(frozen=True, slots=True)
class Meter:
    """Times are seconds of one clock. ``used`` is tokens of context as of the last answer.

    ``thought`` counts the tokens of ``tokens`` that were reasoning.
    """

    phase: Phase = "idle"
    prefill: Prefill | None = None
    begun: float = 0.0
    first: float | None = None
    last: float = 0.0
    tokens: int = 0
    thought: int = 0
    used: int | None = None
    usage: Usage | None = None

    @classmethod
    def after(cls, path: list[Node]) -> Meter:
        """The meter of a conversation that was just opened: what its last measured answer cost."""
        usage = next((node.usage for node in reversed(path) if node.usage), None)
        return cls(used=_used(usage), usage=usage)

    def begin(self, now: float) -> Meter:
        """A question was sent."""
        return Meter(phase="waiting", begun=now, used=self.used)

    def chunk(self, chunk: Chunk, now: float) -> Meter:
        """A chunk came at ``now``."""
        if chunk.prefill:
            return replace(self, phase="reading", prefill=chunk.prefill, used=chunk.prefill.done)
        if not chunk.tokens and not chunk.text and not chunk.thinking:
            return self
        new = len(chunk.tokens) or 1  # a server names no tokens: a piece is about one
        tokens = self.tokens + new
        read = self.prefill.total if self.prefill else 0
        return replace(
            self,
            phase="thinking" if chunk.thinking and not chunk.text else "answering",
            first=self.first if self.first is not None else now,
            last=now,
            tokens=tokens,
            thought=self.thought + (new if chunk.thinking and not chunk.text else 0),
            used=read + tokens if read else self.used,
        )

    def finish(self, finished: Finished) -> Meter:
        """The answer is over; what the engine measured replaces what was seen from here."""
        usage = finished.answer.usage
        return Meter(used=_used(usage) if usage else self.used, usage=usage)

    @property
    def first_token(self) -> float | None:
        """Seconds from the question to the first token."""
        if self.usage:
            return self.usage.first_token_seconds
        return None if self.first is None else self.first - self.begun

    @property
    def decode_rate(self) -> float | None:
        """Tokens per second after the first: live while an answer comes, then as measured."""
        if self.usage:
            return self.usage.decode_rate
        if self.first is None or self.tokens < 3 or self.last <= self.first:
            return None
        return (self.tokens - 1) / (self.last - self.first)

    @property
    def prefill_rate(self) -> float | None:
        """Prompt tokens evaluated per second, as measured."""
        return self.usage.prefill_rate if self.usage else None


def _used(usage: Usage | None) -> int | None:
    return usage.prompt_tokens + usage.decode_tokens + 1 if usage else None
