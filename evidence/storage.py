"""What has to be kept for so many modes, with one subspace or with LoRAs, and from when on which is less."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from evidence.design import DOMAINS, EQUAL_RANK, ORDERS, RANK, chain
from evidence.reading import Reader
from evidence.sizes import WIDTH, kept, loras
from evidence.tables import MISSING, share, size, table

#: As many modes are looked at, with so many new directions each, beside LoRAs of these ranks.
MOST, GROWTHS, RANKS = 64, (0, 1, 2, 4), (4, EQUAL_RANK, 8, RANK)


def storage(reader: Reader) -> Iterable[str]:
    """Bytes of the runs beside LoRAs, and from how many modes on a subspace takes less."""
    yield "## Bytes"
    yield "All that has to be kept for four modes, in float16; the base itself is not counted."
    most = loras(reader, len(DOMAINS))
    kinds = [(f"four LoRAs of r = {RANK}", "-", "-", size(most), share(1.0 if most else None))]
    for seed in range(len(ORDERS)):
        found = reader.bytes_of(chain("share", seed)[-1])
        whole = kept(found)
        parts = (size(found["basis"]), size(sum(found["cores"].values()))) if found else (MISSING, MISSING)
        kinds.append((f"Share, run {seed + 1}", *parts, size(whole), _part(whole, most)))
    equal = loras(reader, len(DOMAINS), EQUAL_RANK)
    kinds.append((f"four LoRAs of r = {EQUAL_RANK}", "-", "-", size(equal), _part(equal, most)))
    yield table(("", "basis", "cores", "together", "of four r = 16"), kinds)
    yield (
        f"From how many modes on a subspace takes less than as many LoRAs, worked out up to {MOST} modes: "
        f"the first has {RANK} directions, each further one so many new ones and a core in all that there "
        "are by then. Cores grow with the square of the directions, so that in the end LoRAs are less again."
    )
    heads = ("LoRAs of", *("a core alone" if count == 0 else f"φ = {count}" for count in GROWTHS))
    rows = [(f"r = {rank}", *(_ahead(reader, rank, count) for count in GROWTHS)) for rank in RANKS]
    yield table(heads, rows)


def _ahead(reader: Reader, rank: int, growth: int) -> str:
    one, modules = loras(reader, 1, 1), _modules(reader)
    if one is None or modules is None:
        return MISSING
    return told(less(subspace(one, modules, growth), lambda count: count * rank * one))


def subspace(direction: int, modules: int, growth: int) -> Callable[[int], int]:
    """Bytes by the number of modes, where one direction on all ``modules`` takes ``direction`` bytes."""

    def whole(count: int) -> int:
        ranks = [RANK + growth * at for at in range(count)]
        return ranks[-1] * direction + sum(rank**2 for rank in ranks) * modules * WIDTH

    return whole


def less(ours: Callable[[int], int], theirs: Callable[[int], int]) -> list[int]:
    """The numbers of modes, up to `MOST`, at which ``ours`` are fewer bytes."""
    return [count for count in range(1, MOST + 1) if ours(count) < theirs(count)]


def told(counts: list[int]) -> str:
    """Such numbers, which follow each other, in words."""
    if not counts:
        return "never"
    return f"from {counts[0]} on" if counts[-1] == MOST else f"{counts[0]} to {counts[-1]}"


def _modules(reader: Reader) -> int | None:
    """How many have a core, by what the first mode of a run takes."""
    for seed, order in enumerate(ORDERS):
        if found := reader.bytes_of(chain("share", seed)[-1]):
            return int(found["cores"][order[0]]) // (RANK**2 * WIDTH)
    return None


def _part(part: int | None, whole: int | None) -> str:
    return share(part / whole if part is not None and whole else None)
