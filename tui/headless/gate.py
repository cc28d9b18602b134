"""The gate of a compaction: the domain tests, asked with the coefficients of before and of after.

It must not know how the coefficients were made smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from engine.contract import Engine
from modes.evaluation.domains import NAMES, domain
from modes.evaluation.item import Item
from modes.evaluation.score import Setting, score_item
from modes.share.library import Shelved
from tui.headless.output import Notices

#: A domain that loses so many points speaks against a compaction.
POINTS = 5.0
_TRIED = "compacted"


class DomainGate:
    """Asks ``count`` items of every mode that has a domain; what was scored once is not asked again."""

    def __init__(self, engine: Engine, count: int, notices: Notices) -> None:
        self._engine, self._count, self._notices = engine, count, notices
        self._before: dict[str, float] = {}

    def __call__(self, old: Shelved, offered: Shelved) -> str | None:
        """Which domain loses `POINTS` or more, or None."""
        for name in old.modes:
            if name not in NAMES:
                continue
            items = domain(name).items("T1", self._count, "")
            if name not in self._before:
                self._before[name] = self._score(old, name, items)
            lost = 100 * (self._before[name] - self._score(offered, name, items))
            self._notices.say(f"{name}: {lost:+.1f} points lost on {len(items)} items")
            if lost >= POINTS:
                return f"{name} loses {lost:.1f} points of {100 * self._before[name]:.1f}"
        return None

    def untested(self, shelved: Shelved) -> list[str]:
        """Modes of which nobody here can say what they lose."""
        return [name for name in shelved.modes if name not in NAMES]

    def _score(self, shelved: Shelved, name: str, items: Sequence[Item]) -> float:
        right = 0
        with self._installed(shelved, name):
            for at, item in enumerate(items):
                right += score_item(self._engine, item, Setting(scales=((_TRIED, 1.0),))).correct
                self._notices.progress(f"{name}: {at + 1} of {len(items)} items")
        self._notices.clear()
        return right / len(items)

    @contextmanager
    def _installed(self, shelved: Shelved, name: str) -> Iterator[None]:
        self._engine.install(_TRIED, shelved.basis, shelved.modes[name])
        try:
            yield
        finally:
            self._engine.remove(_TRIED)
