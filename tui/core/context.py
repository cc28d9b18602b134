"""How the tokens of a context are divided: what the mode says, memories, the conversation, and what is free.

It must not know a screen; counting reads all of the conversation, so a screen does it on another thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.contract import Engine, Message
from modes.voice import Voice
from tui.core.conversation import Node
from tui.core.turn import THINKING
from tui.core.window import fit


@dataclass(frozen=True, slots=True)
class Split:
    """Tokens. ``memory`` is 0 as long as no memories are recalled; ``hidden``: messages left out."""

    system: int
    memory: int
    history: int
    context: int
    hidden: int = 0

    @property
    def used(self) -> int:
        """Tokens that are taken."""
        return self.system + self.memory + self.history

    @property
    def free(self) -> int:
        """Tokens that are left for the next question and its answer."""
        return max(0, self.context - self.used)

    def grown(self, used: int | None) -> Split:
        """The same with so many tokens taken in all, as the engine counted them since (None: as here)."""
        return self if used is None else replace(self, history=max(0, used - self.system - self.memory))

    @property
    def shares(self) -> tuple[tuple[str, int], ...]:
        """Each part's name and tokens."""
        return (
            ("system", self.system),
            ("memory", self.memory),
            ("history", self.history),
            ("free", self.free),
        )


def measure(engine: Engine, voice: Voice, path: Sequence[Node]) -> Split:
    """Count what the next turn would send. Blocks; raises `EngineError`."""
    lead = voice.lead
    context, thinking = engine.info.context, THINKING[lead.thinking]
    system = engine.count_tokens([Message("system", lead.prompt)], thinking) if lead.prompt else 0
    if not path:
        return Split(system, 0, 0, context)

    def count(messages: Sequence[Message]) -> int:
        return engine.count_tokens(messages, thinking)

    window = fit(lead.prompt, path, context, count)
    history = max(0, count(window.messages) - system)
    return Split(system, 0, history, context, window.dropped.messages if window.dropped else 0)
