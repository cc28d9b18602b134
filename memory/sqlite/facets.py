"""What a filter goes by, as one number a row: is it there, may it be recalled, its domain, is it sacred."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from memory.contract import Wanted
from memory.sqlite.matrix import BoolArray

#: A row that is gone, and one that is there and never a candidate.
GONE, SHUT = 0, 1


class Facets:
    """Numbers the domains as they come. A facet above `SHUT` is 2 (domain's number + 1) + sacred."""

    def __init__(self, domains: Iterable[str | None] = ()) -> None:
        self._numbers: dict[str | None, int] = {domain: at for at, domain in enumerate(domains)}

    @property
    def domains(self) -> list[str | None]:
        """In the order of their numbers."""
        return list(self._numbers)

    def of(self, recallable: int, domain: str | None, sacred: int) -> int:
        """The facet of a row; a domain that is new gets the next number."""
        if not recallable:
            return SHUT
        return 2 * (self._numbers.setdefault(domain, len(self._numbers)) + 1) + bool(sacred)

    def allowed(self, wanted: Wanted) -> BoolArray:
        """For each facet whether ``wanted`` lets its rows be found; at the end, those that come meanwhile."""
        domains = dict(self._numbers)  # another thread may add one
        may = np.zeros(2 * (len(domains) + 1) + 1, np.bool_)
        for domain, number in domains.items():
            if not wanted.domains or domain in wanted.domains:
                may[2 * (number + 1)] = True
                may[2 * (number + 1) + 1] = wanted.sacred
        return may
