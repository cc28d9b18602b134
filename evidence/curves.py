"""Curves as tables: growth by directions and against random ones, size by rank, and by how many modes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evidence.cell import Cell
from evidence.cells import many
from evidence.design import DOMAINS, GROUND, LONGER, RANK, STEPS, TUNED_ON, chain, longer_name, own_name
from evidence.pairs import SHORT, Pair, pairs
from evidence.reading import Marks, Place, Reader, paired, place
from evidence.sizes import kept, loras, mean, trained
from evidence.tables import MISSING, points, score, share, size, table


def by_directions(reader: Reader) -> Iterable[str]:
    """Growth: a core alone, with more and more directions, and in random ones."""
    cell = f"core-s0-{TUNED_ON}"
    yield "## Growth"
    yield (
        f"{TUNED_ON} as the second mode, T1: its core alone in the directions that "
        f"{GROUND} has left, with new directions (φ) besides, and in random ones, which "
        "are made from a seed and take no bytes. Gain is over the base, against that of the own LoRA."
    )
    shown = [
        ("own LoRA", own_name(0, TUNED_ON)),
        ("core alone, φ = 0", cell),
        (f"the same, {LONGER} times the steps", longer_name(cell)),
        *((f"core and φ = {count}", f"phi-s0-{count}-{TUNED_ON}") for count in (1, 2, 4, 8)),
        *((f"random, k = {rank}", f"random-s0-k{rank}-{TUNED_ON}") for rank in (RANK, 2 * RANK, 4 * RANK)),
        (
            f"random, k = {RANK}, {LONGER} times the steps",
            longer_name(f"random-s0-k{RANK}-{TUNED_ON}"),
        ),
    ]
    yield table(_GROWTH, [_growth(reader, name, one, TUNED_ON) for name, one in shown])
    others = [domain for domain in DOMAINS if domain not in (GROUND, TUNED_ON)]
    yield "The core alone of the other domains, and Share as each was learned:"
    rows = [_growth(reader, f"{domain}: core alone", f"core-s0-{domain}", domain) for domain in others]
    rows += [
        _growth(reader, f"{domain}: core and φ = 4, run {seed + 1}", name, domain, seed)
        for seed in range(3)
        for name in chain("share", seed)[1:]
        for domain in [reader.book.cells[name].domain]
    ]
    yield table(_GROWTH, rows)


_GROWTH = ("", "T1", "points over the base", "of the LoRA's gain", "parameters", "of the LoRA's", "cell")


def _growth(reader: Reader, name: str, cell: str, domain: str, seed: int = 0) -> Sequence[str]:
    at = Place(cell, domain)
    count, whole = trained(reader, cell), trained(reader, own_name(seed, domain))
    return (
        name,
        score(reader.marks(at, domain)),
        points(reader.over_base(at, domain)),
        share(reader.share_of_gain(at, seed, domain)),
        MISSING if count is None else f"{count:,}",
        share(count / whole if count is not None and whole else None),
        reader.link(cell),
    )


def learned_or_random(reader: Reader) -> Iterable[str]:
    """When directions that were learned are worth more to a core than random ones of the same number."""
    yield "## Directions that were learned, or random ones"
    yield (
        f"The core alone of {TUNED_ON}, T1, in the directions that {GROUND} has learned, "
        f"and in as many random ones. The short lesson has {SHORT} steps on everything that there is to "
        f"learn, in {RANK} directions; the rows below it change one thing of it each."
    )
    core, drawn = f"core-s0-{TUNED_ON}", f"random-s0-k{RANK}-{TUNED_ON}"
    of, steps = reader.book.cells, STEPS[TUNED_ON]
    shown = [
        Pair(f"{LONGER * steps} steps", of[longer_name(core)], of[longer_name(drawn)]),
        Pair(f"{steps} steps", of[core], of[drawn]),
        *pairs(),
    ]
    rows = [_beside(reader, one) for one in shown]
    yield table(("", "learned", "random", "learned over random", "cells"), rows)


def _beside(reader: Reader, pair: Pair) -> Sequence[str]:
    ours, theirs = (
        reader.marks(Place(cell.name, cell.mode), cell.domain, topic=cell.topic)
        for cell in (pair.learned, pair.random)
    )
    return (
        pair.about,
        score(ours),
        score(theirs),
        points(paired(theirs, ours) if ours and theirs else None),
        f"{reader.link(pair.learned.name)}, {reader.link(pair.random.name)}",
    )


def by_rank(reader: Reader) -> Iterable[str]:
    """What is left when the subspace of all four is made smaller."""
    yield "## By the rank of the subspace"
    yield (
        "The subspace of run 1 with all four modes, compacted to k directions without any training: points "
        "over the base on the first 200 items of T1. The first row is what it was, on all items."
    )
    before = chain("share", 0)[-1]
    compact = (cell for cell in reader.book if cell.method == "compact" and cell.before == (before,))
    ranks = sorted(compact, key=_rank, reverse=True)
    most = loras(reader, len(DOMAINS))
    rows = []
    for cell in [before, *(one.name for one in ranks)]:
        found = [reader.over_base(Place(cell, domain), domain) for domain in DOMAINS]
        whole = kept(reader.bytes_of(cell))
        rows.append(
            (
                str(_rank(reader.book.cells[cell]) or "all"),
                *(points(one) for one in found),
                size(whole),
                share(whole / most if whole is not None and most else None),
                reader.link(cell),
            )
        )
    yield table(("k", *DOMAINS, "bytes", "of four r = 16", "cell"), rows)
    yield "The same beside the subspace as it was, paired on the items that both were asked:"
    changes = [
        (
            str(_rank(cell)),
            *(points(reader.gain(Place(before, one), Place(cell.name, one), one)) for one in DOMAINS),
        )
        for cell in ranks
    ]
    yield table(("k", *DOMAINS), changes)


def _rank(cell: Cell) -> int:
    return int(cell.settings.get("rank", 0))


def by_count(reader: Reader) -> Iterable[str]:
    """More and more modes in one subspace."""
    yield "## By the number of modes"
    yield (
        "Modes for single topics, each of 60 steps, learned one after the other in one subspace. T1 of "
        "the topic when it was learned, and the mean of all that were learned, where all were asked."
    )
    rows = []
    for count, cell in enumerate(many(), 1):
        here = reader.book.cells.get(cell.name)
        found = _topic(reader, cell, here or cell)
        base = reader.marks(place("base", 0, cell.domain), cell.domain)
        gain = paired(base, found) if base and found else None
        everyone = _everyone(reader, here or cell, count)
        whole, most = kept(reader.bytes_of(cell.name)), loras(reader, count)
        rows.append(
            (
                str(count),
                f"{cell.domain}: {cell.topic}",
                score(found),
                points(gain),
                everyone,
                size(whole),
                share(whole / most if whole is not None and most else None),
                reader.link(cell.name),
            )
        )
    yield table(
        ("modes", "topic", "T1", "over the base", "mean of all", "bytes", "of LoRAs r = 16", "cell"),
        rows,
        labels=2,
    )


def _topic(reader: Reader, of: Cell, at: Cell) -> Marks | None:
    return reader.marks(Place(at.name, of.mode), of.domain, topic=of.topic)


def _everyone(reader: Reader, cell: Cell, count: int) -> str:
    asked = list(dict.fromkeys((ask.domain, ask.topic) for ask in cell.asks))
    if len(asked) < count or count == 1:
        return "-"
    found = [reader.marks(Place(cell.name, f"{one}-{topic}"), one, topic=topic) for one, topic in asked]
    scores = [one.score for one in found if one]
    return share(mean(scores)) if len(scores) == count else MISSING
