"""What a lesson is and is known by, whatever it was learned with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from engine.lowrank import Basis
from modes.share.change import Adapter
from modes.training.data import Sample, digest
from modes.training.loop import Learned
from modes.training.plan import Plan


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned, and ``record``: everything that is needed to do it again, as JSON."""

    learned: Learned
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be learned on the base of the fingerprint ``identity``.

    What is ``begun`` is a basis to learn in, or an adapter to go on with.
    """

    plan: Plan
    identity: str
    samples: Sequence[Sample]
    begun: Basis | Adapter | None = None

    @property
    def basis(self) -> Basis | None:
        """That to learn in, if any."""
        return self.begun if isinstance(self.begun, Basis) else None

    @property
    def start(self) -> Adapter | None:
        """The adapter to go on with, if any."""
        return None if isinstance(self.begun, Basis) else self.begun

    def key(self, *parts: str) -> str:
        """SHA-256 (hex) of all this and ``parts``: the same work has the same key."""
        begun = (_basis_key(self.basis), *_start_key(self.start))
        return self.plan.key(self.identity, digest(self.samples), *begun, *parts)

    def record(
        self,
        learned: Learned,
        divided: tuple[int, int],
        packages: Sequence[str],
        where: Mapping[str, Any],
    ) -> dict[str, Any]:
        """For a `Lesson`: ``divided`` are the numbers of samples trained and kept, ``packages`` made it."""
        return {
            "plan": asdict(self.plan),
            "base": self.identity,
            "data": digest(self.samples),
            "samples": list(divided),
            "made_with": {name: version(name) for name in packages},
            **where,
            "kept_step": learned.step,
            "validation": learned.validation,
            "seconds": round(learned.seconds, 1),
        }


def _basis_key(basis: Basis | None) -> str:
    if basis is None:
        return ""
    found = hashlib.sha256(basis.base.encode())
    for name, one in basis.modules.items():
        found.update(name.encode() + one.up.tobytes() + one.down.tobytes())
    return found.hexdigest()


def _start_key(start: Adapter | None) -> tuple[str, ...]:
    if start is None:
        return ()
    found = hashlib.sha256()
    for name, one in start.items():
        found.update(name.encode() + one.left.tobytes() + one.right.tobytes())
    return (found.hexdigest(),)
