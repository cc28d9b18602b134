"""What a recall is asked and what it gives: values that a turn stores and a screen shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memory.temperature import Stage

#: ``balanced``: relevance, to which temperature adds or takes a little. ``federation``: 0.7 cosine and
#: 0.3 T/100, of what has at least 30. ``relevance``: temperature counts for nothing.
Profile = Literal["balanced", "federation", "relevance"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a mode wants of its memories: up to ``k`` from ``domains`` (empty: all), ``sacred`` or not."""

    domains: tuple[str, ...] = ()
    k: int = 5
    profile: Profile = "balanced"
    sacred: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A memory as the model was shown it: ``content`` is redacted, stripped of control characters and cut.

    ``relevance`` is 0 to 1, ``temperature`` 0 to 100 at the time; ``tokens`` None until somebody has counted.
    """

    id: str
    content: str
    stage: Stage
    temperature: float
    relevance: float
    domain: str | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """The outcome of one recall. ``block`` is what the model reads before the question, empty for none.

    ``abstained``: there were candidates, and none was near enough. ``notes`` are what the operator should
    know (keywords only, the server cannot be reached, ...), a short line each.
    """

    shown: tuple[Shown, ...] = ()
    block: str = ""
    abstained: bool = False
    notes: tuple[str, ...] = ()
    milliseconds: float = 0.0
