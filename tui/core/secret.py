"""Settings that nobody should read over a shoulder: whole for who uses them, masked where they are shown."""

from __future__ import annotations

import re

_MASK = "***"
#: A password by its keyword: in a URL's query up to the next one, elsewhere quoted as libpq has it, or bare.
_IN_URL = re.compile(r"\b((?:ssl)?password=)[^\s&]*", re.IGNORECASE)
_AMONG_KEYWORDS = re.compile(
    r"\b((?:ssl)?password\s*=\s*)('(?:\\.|[^'\\])*'?|(?:\\.|\S)*)", re.IGNORECASE | re.DOTALL
)


class Secret(str):
    """A connection string, or a key. ``str()`` of it is the whole; ``repr()`` and ``shown`` are not."""

    __slots__ = ()

    @property
    def shown(self) -> str:
        """A connection string without its password; of anything else only that it is there."""
        text = str(self)
        if "://" not in text and "=" not in text:
            return _MASK
        return without_password(text)

    @property
    def hides(self) -> bool:
        """Whether there is anything that may not be seen."""
        return self.shown != str(self)

    def __repr__(self) -> str:
        return repr(self.shown)


def without_password(dsn: str) -> str:
    """``dsn`` with its password masked, rather too much of it than too little."""
    scheme, parted, rest = dsn.partition("://")
    if not parted:
        return _AMONG_KEYWORDS.sub(rf"\1{_MASK}", dsn)
    # The last @: a password that was not encoded may hold one, and slashes too.
    who, at, where = rest.rpartition("@")
    user, colon, _ = who.partition(":")
    return scheme + parted + user + (colon and f":{_MASK}") + at + _IN_URL.sub(rf"\1{_MASK}", where)
