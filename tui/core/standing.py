"""How memory stands, in a few words: for a status line, `tui doctor`, or whoever asks.

It must not know how any of it is found out.
"""

from __future__ import annotations

from dataclasses import dataclass

_AGES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


@dataclass(frozen=True, slots=True)
class Reach:
    """How a server stands. ``synced_at`` is when the copy here was made, seconds since the epoch (UTC)."""

    online: bool
    synced_at: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """``on`` here or not; ``count`` memories in the local store (None: not counted yet).

    ``keywords``: questions are not embedded now. ``reach``: None without a server. ``trouble``: the store
    cannot be used now.
    """

    on: bool = True
    count: int | None = None
    keywords: bool = False
    reach: Reach | None = None
    trouble: bool = False

    def text(self, now: float) -> str:
        """For example ``memory 1,234, keywords only``; ``now`` is seconds since the epoch (UTC)."""
        if self.trouble:
            return "memory unavailable"
        if not self.on:
            return "memory off"
        parts = ["memory" if self.count is None else f"memory {self.count:,}"]
        if self.reach is not None:
            parts.append("server" if self.reach.online else "server offline")
            if not self.reach.online and self.reach.synced_at is not None:
                parts.append(f"copy of {_ago(now - self.reach.synced_at)}")
        if self.keywords:
            parts.append("keywords only")
        return ", ".join(parts)


def _ago(seconds: float) -> str:
    for size, unit in _AGES:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "now"
