"""The gate of a compaction: the domain tests, asked with the coefficients of before and of after.

It must not know how the coefficients were made smaller.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import Engine
from modes.evaluation.compare import compare
from modes.evaluation.domains import NAMES, domain
from modes.evaluation.item import Item
from modes.evaluation.score import Outcome, Setting, score_item
from modes.evaluation.statistics import Difference
from modes.share.library import Shelved
from tui.core.evaluation.choice import GENERAL, SPLIT
from tui.core.notices import Notices

#: A domain that loses so many points speaks against a compaction.
POINTS = 5.0
_TRIED = "compacted"


def loses(change: Difference) -> bool:
    """Whether `POINTS` or more are lost: 10 of 200 items are, though in binary it is a little less."""
    return round(100 * change.value, 9) <= -POINTS


class DomainGate:
    """Asks ``count`` items of every mode that has a domain; what was asked once is not asked again."""

    def __init__(self, engine: Engine, count: int, notices: Notices) -> None:
        self._engine, self._count, self._notices = engine, count, notices
        self._before: dict[str, list[Outcome]] = {}

    def __call__(self, old: Shelved, offered: Shelved) -> str | None:
        """Which domain loses `POINTS` or more, or None. What cannot be tested is said, the first time."""
        tested = [name for name in old.modes if name in NAMES and name != GENERAL]
        if not self._before and (others := [name for name in old.modes if name not in tested]):
            self._notices.say(f"there is no test for {', '.join(others)}: what they lose is not known")
        for name in tested:
            items = domain(name).items(SPLIT, self._count, "")
            if name not in self._before:
                self._before[name] = self._asked(old, name, items)
            change = compare(items, self._before[name], self._asked(offered, name, items))
            low, points, high = (
                100 * one for one in (change.interval.low, change.value, change.interval.high)
            )
            said = f"{points:+.1f} points ({low:+.1f} to {high:+.1f}) on {len(items)} items"
            self._notices.say(f"{name}: {said}")
            if loses(change):
                return f"{name} changes by {said}"
        return None

    def _asked(self, shelved: Shelved, name: str, items: Sequence[Item]) -> list[Outcome]:
        self._engine.install(_TRIED, shelved.basis, shelved.modes[name])
        try:
            found = []
            for item in items:
                found.append(score_item(self._engine, item, Setting(scales=((_TRIED, 1.0),))))
                self._notices.progress(f"{name}: {len(found)} of {len(items)} items")
        finally:
            self._engine.remove(_TRIED)
            self._notices.clear()
        return found
