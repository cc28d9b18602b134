"""How training may end other than well. It must not know torch: whoever reports an error needs these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CannotTrain(Exception):
    """The base or the machine does not allow it; the text says why and what to do."""


class Interrupted(Exception):
    """Training was asked to stop; what was learned so far is in the checkpoint, and the text says so."""


@contextmanager
def within_memory(doing: str, lighter: str) -> Iterator[None]:
    """As long as it is entered, a lack of memory ends as `CannotTrain`.

    ``doing`` says when it happens ("at step 3"), ``lighter`` what takes less.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        said = str(error).lower()
        if isinstance(error, RuntimeError) and "alloc" not in said and "memory" not in said:
            raise
        raise CannotTrain(f"out of memory {doing}: {lighter}") from error
