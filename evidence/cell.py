"""What a cell is: something to be made, and what is asked of it afterwards.

It must not know which cells there are, nor how one is made or scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from modes.evaluation.item import Kind, Split

#: Items of each split; of those under the mode's own prompt; of a control; and to tune on.
COUNTS: Mapping[Split, int] = {"T1": 500, "T2": 100, "T3": 100, "T4": 100}
PROMPTED, CONTROL, TUNING = 100, 200, 100
#: The items that opponents are tuned on are made with this salt: none of them asks what a test item asks.
TUNING_SALT = "tune"
#: Names of the one mode that an adapter learned in sequence, or merged, has.
SEQUENCE, MERGED = "sequence", "merged"

Method = Literal[
    "base", "majority", "own", "share", "core", "random", "sequence", "equal", "wrong", "coefficients",
    "compact", "linear", "ties", "dare", "many",
]  # fmt: skip
MERGES: tuple[Method, ...] = ("linear", "ties", "dare")
#: Methods that ask what another cell has made, or the base.
_MAKES_NOTHING = frozenset({"base", "majority", "wrong"})


@dataclass(frozen=True, slots=True)
class Ask:
    """Items of a domain put to ``mode`` of what the cell has made, or to the base for ``""``.

    ``count`` is the most, taken from the beginning of as many as `COUNTS` says; ``kind`` and ``topic`` leave
    out all others. ``exact`` puts choices without their options: the answer is to be written.
    """

    domain: str
    mode: str
    split: Split = "T1"
    count: int = 0
    prompted: bool = False
    topic: str = ""
    kind: Kind | Literal[""] = ""
    salt: str = ""

    @property
    def name(self) -> str:
        """What tells it from the others of a cell."""
        parts = [self.domain, self.topic, self.split, self.kind, self.salt]
        parts += ["prompted"] if self.prompted else []
        return " ".join([*(part for part in parts if part), "as", self.mode or "base"])


@dataclass(frozen=True, slots=True)
class Cell:
    """``domain`` (or its ``topic``) is what is learned, in ``before`` or from it; ``asks`` is what is scored.

    ``settings`` are fields of `modes.training.plan.Plan`, and ``rank``, ``weight`` and ``density``. A cell
    that tries settings names them in ``tries``; one that takes the best names the cells to choose from in
    ``tuned``.
    """

    name: str
    method: Method
    asks: tuple[Ask, ...]
    domain: str = ""
    topic: str = ""
    seed: int = 0
    before: tuple[str, ...] = ()
    settings: Mapping[str, float] = field(default_factory=dict)
    tries: tuple[str, ...] = ()
    tuned: tuple[str, ...] = ()

    @property
    def makes(self) -> bool:
        """Whether there is anything to be made before it can be scored."""
        return self.method not in _MAKES_NOTHING

    @property
    def mode(self) -> str:
        """The mode that it learns."""
        return f"{self.domain}-{self.topic}" if self.topic else self.domain

    @property
    def needs(self) -> tuple[str, ...]:
        """Cells that come before it."""
        return (*self.before, *self.tuned)
