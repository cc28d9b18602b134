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
    """Tokens. ``memory`` is what stands before the questions; ``hidden``: messages left out."""

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

    def grown(self, used: int | None, memory: int | None = None) -> Split:
        """The same with so many tokens taken in all, as the engine counted them since (None: as here).

        ``memory`` of them are memories (None: as many as here).
        """
        if used is None:
            return self
        spoken = max(0, used - self.system)
        memory = min(self.memory if memory is None else memory, spoken)
        return replace(self, memory=memory, history=spoken - memory)

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
    spoken = max(0, count(window.messages) - system)
    hidden = window.dropped.messages if window.dropped else 0
    memory = min(remembered(path), spoken)
    return Split(system, memory, spoken - memory, context, hidden)


def remembered(path: Sequence[Node]) -> int:
    """Tokens that the memories shown on ``path`` take together, those of messages left out among them."""
    return sum(node.memories.tokens for node in path if node.memories)
