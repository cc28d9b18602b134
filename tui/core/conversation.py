"""The values a conversation is made of: a tree of messages, and what wrote each answer.

Plain data only: how they are kept is `tui.core.store`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from engine.contract import Role, Usage

if TYPE_CHECKING:
    from memory.recalled import Shown

#: Characters of an id that are enough to show.
SHORT_ID = 8

#: ``streaming``: being written now. ``interrupted``: its program ended in mid-answer. ``stopped``: the
#: operator stopped it. ``length``/``context``: cut off by a limit. ``failed``: see ``error``.
Status = Literal["done", "streaming", "interrupted", "stopped", "length", "context", "failed"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What wrote an answer, enough to ask for it again.

    ``scales`` are the (coefficients name, scale) pairs that were installed, ``coefficients`` the version of
    the subspace that they are from; ``sampling`` is the full sampling as used, seed included; ``constraints``
    are those that were set, by name. ``fingerprint`` is None while the model file was still being hashed.
    """

    model: str
    fingerprint: str | None
    mode: str
    mode_version: str
    scales: tuple[tuple[str, float], ...] = ()
    coefficients: str | None = None
    sampling: dict[str, Any] = field(default_factory=dict)
    constraints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recollection:
    """The memories that the model was shown before a question, the nearest first.

    ``block`` is what it read of them, byte for byte; ``tokens`` is what that took of the prompt.
    """

    block: str
    shown: tuple[Shown, ...]
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One message in the tree. ``created_at`` is seconds since the epoch, UTC.

    ``memories`` are those that an answer was written with: they stood right before its question, and every
    later turn on the same path reads them there again.
    """

    id: str
    parent: str | None
    conversation: str
    role: Role
    content: str
    created_at: float
    thinking: str = ""
    status: Status = "done"
    error: str | None = None
    provenance: Provenance | None = None
    usage: Usage | None = None
    memories: Recollection | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A named place in the tree: ``head`` is the message that the next one answers to.

    ``mode`` is the mode or blend as text, the one that the next turn speaks in. ``deleted_at`` is when it
    was deleted (seconds since the epoch), None for one that is there.
    """

    id: str
    title: str
    mode: str
    head: str | None
    created_at: float
    updated_at: float
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation found by search, with the passage that matched."""

    conversation: Conversation
    excerpt: str


@dataclass(frozen=True, slots=True)
class Started:
    """The turn is on record; ``question`` is None when an answer is being regenerated."""

    question: Node | None
    answer: Node


@dataclass(frozen=True, slots=True)
class Untrained:
    """Modes that speak by their prompt and sampling alone: their coefficients are for another base."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The same as a line."""
        return f"{', '.join(self.names)}: prompt and sampling only, there are no coefficients for this model"


@dataclass(frozen=True, slots=True)
class Unverified:
    """Modes that speak without their coefficients, which nobody has checked nor asked for by name."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The same as a line."""
        first = self.names[0]
        return (
            f"{', '.join(self.names)}: unverified coefficients were left out: check them "
            f"(tui modes verify {first}), or ask for them by name (/mode {first}, -m {first})"
        )


@dataclass(frozen=True, slots=True)
class Reminded:
    """Memories were looked for. ``memories`` are what the model is shown, None for none.

    ``abstained``: there were some, and none was near enough. ``notes`` are what was not said before of how
    recall works here, a line each.
    """

    memories: Recollection | None
    abstained: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Earlier messages left out of what the model reads, because the context cannot hold them."""

    messages: int
    tokens: int


@dataclass(frozen=True, slots=True)
class NotSaved:
    """The answer goes on, but could not be written to disk."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer as it stands: whole, stopped, cut off or failed (see its status)."""

    answer: Node
