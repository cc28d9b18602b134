"""The rank that an engine holds factors with, which is not always the one they have."""

from __future__ import annotations


def filled(rank: int, step: int) -> int:
    """The rank with which factors are multiplied fastest, where a product takes ``step`` numbers at once.

    Up to half a step the rest, which goes one by one, costs less than the zeros that would fill it up.
    """
    return rank + (-rank % step if rank % step > step / 2 else 0)
