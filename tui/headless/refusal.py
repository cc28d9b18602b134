"""What the commands on the subspace refuse; light, since whoever reports an error needs it."""

from __future__ import annotations


class Refused(Exception):
    """Something that must not be used as it is; the text says what, why and what holds meanwhile."""


class NotWritten(Exception):
    """A file that was asked for and cannot be made; the text says which, why and what to do."""


class BadSize(ValueError):
    """A text that is no size; the message says how sizes are written."""
