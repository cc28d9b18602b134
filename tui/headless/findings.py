"""What an examination of this machine finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``remedy`` is set when something is missing or could be better."""

    subject: str
    text: str
    ok: bool = True
    remedy: str | None = None
