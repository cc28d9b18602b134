"""How an evaluation may end other than well; light, since whoever reports an error needs these."""

from __future__ import annotations


class NothingToAsk(ValueError):
    """A choice that cannot be asked; the text says what to do."""


class BadReport(ValueError):
    """A file that an earlier run cannot be read from; the text says why and what to do."""


class BadTarget(ValueError):
    """A file that cannot be written; the text says why and what to do."""


class Interrupted(Exception):
    """Ctrl-C: the text says what is kept."""
