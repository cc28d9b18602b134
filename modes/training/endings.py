"""How training may end other than well. It must not know torch: whoever reports an error needs these."""

from __future__ import annotations


class CannotTrain(Exception):
    """The base or the machine does not allow it; the text says why and what to do."""


class Interrupted(Exception):
    """Training was asked to stop; what was learned so far is in the checkpoint, and the text says so."""
