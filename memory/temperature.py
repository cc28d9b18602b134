"""How hot a memory is: a pure function of time, computed when it is read.

T(t) = F + (T0 - F) 2^(-d / h), d = max(0, t - t0 - grace): a memory cools towards its floor F and loses half
of what is above it in every half-life h. A federation's rows stand outside these formulas: their daemons cool
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from memory.record import Memory

Stage = Literal["white hot", "red hot", "hot", "warm", "cool", "cold", "archive"]

HOUR, DAY = 3600.0, 86400.0
#: Where cooling ends.
FLOOR, SACRED_FLOOR = 5.0, 40.0
#: How long a memory stays as hot as it was, in seconds.
GRACE, SACRED_GRACE = 48 * HOUR, 7 * DAY
HALF_LIFE = 43 * DAY
#: A sacred memory's half-life is so many times as long.
SACRED_SLOWER = 4.0
#: What a domain's half-life is multiplied by; 1 for any other.
PACE = {"operational": 0.23, "architecture": 0.5, "research": 1.5, "policy": 3.0, "cultural": 6.0}
HOTTEST = 100.0
#: Use alone never heats above this; an explicit command does.
USED_MOST = 85.0
#: The part of what is missing to `USED_MOST` that one use adds.
USED_GAIN = 0.1
#: Lowest temperatures of the stages, hottest first.
STAGES: tuple[tuple[float, Stage], ...] = (
    (90.0, "white hot"), (80.0, "red hot"), (65.0, "hot"), (50.0, "warm"), (30.0, "cool"), (10.0, "cold"),
    (0.0, "archive"),
)  # fmt: skip


def floor_of(sacred: bool) -> float:
    """The temperature that is never gone below."""
    return SACRED_FLOOR if sacred else FLOOR


def clamped(temperature: float, sacred: bool) -> float:
    """``temperature`` between its floor and `HOTTEST`; what is no number becomes the floor."""
    low = floor_of(sacred)
    return low if math.isnan(temperature) else min(HOTTEST, max(low, temperature))


def half_life(sacred: bool, domain: str | None) -> float:
    """Seconds in which a memory loses half of what it has above its floor."""
    return HALF_LIFE * (SACRED_SLOWER if sacred else 1.0) * PACE.get(domain or "", 1.0)


def cooled(temperature: float, seconds: float, sacred: bool = False, domain: str | None = None) -> float:
    """What is left of ``temperature`` after ``seconds``, the grace among them; never hotter than before."""
    low, start = floor_of(sacred), clamped(temperature, sacred)
    late = max(0.0, seconds - (SACRED_GRACE if sacred else GRACE))
    return float(low + (start - low) * 2.0 ** (-late / half_life(sacred, domain)))


def heat(memory: Memory, now: float, added: float = 0.0) -> float:
    """The temperature of ``memory`` at ``now``, 0 to 100.

    ``added`` is what use here has put on a row of others. A federation's own value is taken as it is; an
    anchor in the future does not cool.
    """
    if memory.origin == "federation":
        stored = memory.temperature
        own = 0.0 if math.isnan(stored) else min(HOTTEST, max(0.0, stored))
        return min(HOTTEST, own + max(0.0, added))
    return cooled(memory.temperature, max(0.0, now - memory.anchor_at), memory.sacred, memory.domain)


def faded(added: float, seconds: float, sacred: bool = False, domain: str | None = None) -> float:
    """What is left after ``seconds`` of the heat that use has ``added`` to a row of others.

    It goes as that of our own rows does, to nothing: else what was once used would stay hot for ever.
    """
    late = max(0.0, seconds - (SACRED_GRACE if sacred else GRACE))
    return float(max(0.0, added) * 2.0 ** (-late / half_life(sacred, domain)))


def reheated(temperature: float) -> float:
    """After one use (cited, pinned, accepted; not merely retrieved): T + 0.1 max(0, 85 - T)."""
    return temperature + USED_GAIN * max(0.0, USED_MOST - temperature)


def stage_of(temperature: float) -> Stage:
    """The stage by temperature alone, whatever a row says of itself."""
    return next((name for low, name in STAGES if temperature >= low), "archive")


Clock = Callable[[], float]
"""Seconds since the epoch, UTC."""
