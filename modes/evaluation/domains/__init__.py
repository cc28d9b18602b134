"""The domains that are always there, by name; each is read when it is asked for."""

from __future__ import annotations

from importlib import import_module

from modes import tables
from modes.evaluation.item import Domain

#: In the order they are shown.
NAMES = ("legal", "coding", "cherokee", "reasoning", "general")


class UnknownDomain(ValueError):
    """No domain has the name asked for; the message lists those there are."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"no domain is called {name!r}{tables.nearest(name, NAMES)}: the domains are {', '.join(NAMES)}"
        )


def check(name: str) -> None:
    """Raises `UnknownDomain` unless there is one of that name; nothing is read for it."""
    if name not in NAMES:
        raise UnknownDomain(name)


def domain(name: str) -> Domain:
    """The domain called ``name``. Raises `UnknownDomain`."""
    check(name)
    found: Domain = import_module(f"{__name__}.{name}").DOMAIN
    return found
