"""Which cells there are, and in what order they are filled: what shows most comes first.

It must not know how a cell is made or scored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from evidence import tries
from evidence.cell import CONTROL, MERGED, MERGES, SEQUENCE, Ask, Cell, Method
from evidence.design import (
    DIRECTIONS,
    DOMAINS,
    EQUAL_RANK,
    GROUND,
    LONGER,
    ORDERS,
    RANK,
    STEPS,
    TUNED_ON,
    chain,
    everything,
    first_split,
    longer_name,
    own_name,
)
from evidence.pairs import short
from evidence.tries import named

#: Steps, new directions and first rank of a mode for one topic of a domain; after how many all are asked.
_TOPIC_STEPS, _TOPIC_ITEMS = 60, 40
_COUNTED = (4, 8, 12, 16)
_MANY = {
    "legal": ("sections", "codes", "periods", "presumptions", "thresholds", "statutes"),
    "coding": ("modules", "methods", "signatures", "programs"),
    "cherokee": ("languages", "territories", "letters"),
    "reasoning": ("comparison", "rules", "classes"),
}


def cells() -> list[Cell]:
    """Every cell, each after those that it needs."""
    first = run(0)
    alone, *in_turn = first.shared
    early = [*tries.core(), _core(TUNED_ON), *tries.random(), _random(RANK)]
    longer = [_longer(_core(TUNED_ON)), _longer(_random(RANK))]
    controls = [majority(), _wrong(), _coefficients(), *(_compact(rank) for rank in (24, 20, 16, 12, 8, 4))]
    curves = [*(_phi(count) for count in (1, 2, 4, 8)), _random(2 * RANK), _random(4 * RANK)]
    merged = [cell for kind in MERGES for cell in _merged(kind)]
    later = [run(seed) for seed in range(1, len(ORDERS))]
    return [
        base(),
        *tries.own(),
        alone,
        *first.own,
        *tries.share(),
        *in_turn,
        *early,
        *longer,
        *controls,
        *_general(),
        *_written(),
        *many(),
        *short(),
        *tries.equal(),
        *first.equal,
        *curves,
        *tries.sequence(),
        *first.sequence,
        *merged,
        *(cell for one in later for cell in one.shared),
        *(cell for one in later for cell in one.own),
        *(cell for one in later for cell in one.sequence),
        *(cell for one in later for cell in one.equal),
        *(_core(domain) for domain in DOMAINS if domain not in (GROUND, TUNED_ON)),
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """The cells of one seed. The first domain's own adapter is the first step of what is learned in turn."""

    shared: list[Cell]
    own: list[Cell]
    sequence: list[Cell]
    equal: list[Cell]


def run(seed: int) -> Run:
    """What one seed needs, in its order."""
    first, *others = ORDERS[seed]
    return Run(
        shared=[own(seed, first), *_steps("share", seed)],
        own=[own(seed, domain) for domain in others],
        sequence=_steps("sequence", seed),
        equal=[_equal(seed, domain) for domain in ORDERS[seed]],
    )


def shrunk(whole: Iterable[Cell], steps: int, items: int) -> list[Cell]:
    """The same cells with so few steps and items that they show no more than that everything works."""
    return [
        replace(
            cell,
            asks=tuple(replace(ask, count=min(ask.count, items)) for ask in cell.asks),
            settings={**cell.settings, "steps": steps} if "steps" in cell.settings else cell.settings,
        )
        for cell in whole
    ]


def _texts(mode: str) -> tuple[Ask, ...]:
    return (Ask("general", mode, "T1", 60, kind="text"), Ask("general", mode, "T1", 200, kind="choice"))


def base() -> Cell:
    """The base model with no coefficients."""
    return Cell("base", "base", tuple(ask for one in DOMAINS for ask in everything(one, "", prompted=True)))


def majority() -> Cell:
    """Of the options the one that is most often the answer in training, whatever is asked."""
    return Cell("majority", "majority", tuple(ask for one in DOMAINS for ask in everything(one, "")))


def own(seed: int, domain: str) -> Cell:
    """A LoRA for one domain, nothing shared."""
    settings = {"steps": STEPS[domain], "directions": RANK}
    asks = everything(domain, domain, prompted=True)
    cell = Cell(own_name(seed, domain), "own", asks, domain, seed=seed, settings=settings)
    return replace(cell, tuned=named(tries.own()))


def _steps(method: Literal["share", "sequence"], seed: int) -> list[Cell]:
    """What is learned in turn, after the first."""
    order, names = ORDERS[seed], chain(method, seed)
    shared = method == "share"
    steps = []
    for at, domain in enumerate(order[1:], 1):
        mode = {one: one if shared else SEQUENCE for one in order}
        last = at == len(order) - 1
        if last:
            asks = tuple(ask for one in order for ask in everything(one, mode[one], prompted=shared))
        elif shared:
            earlier = tuple(ask for one in order[:at] for ask in first_split(one, one))
            asks = (*earlier, *everything(domain, domain, prompted=True))
        else:
            asks = tuple(ask for one in order[: at + 1] for ask in first_split(one, mode[one], CONTROL))
        settings = {"steps": STEPS[domain], "directions": DIRECTIONS if shared else RANK}
        step = Cell(names[at], method, asks, domain, seed=seed, before=(names[at - 1],), settings=settings)
        steps.append(replace(step, tuned=named(tries.share() if shared else tries.sequence())))
    return steps


def _grown(name: str, method: Method, domain: str, directions: int, asks: tuple[Ask, ...]) -> Cell:
    """A second mode in the directions of one domain's own adapter."""
    settings = {"steps": STEPS[domain], "directions": directions}
    return Cell(name, method, asks, domain, before=(own_name(0, GROUND),), settings=settings)


def _core(domain: str) -> Cell:
    cell = _grown(f"core-s0-{domain}", "core", domain, 0, everything(domain, domain))
    return replace(cell, tuned=named(tries.core()))


def _longer(cell: Cell) -> Cell:
    settings = {**cell.settings, "steps": LONGER * cell.settings["steps"]}
    return replace(cell, name=longer_name(cell.name), settings=settings)


def _phi(directions: int) -> Cell:
    asks = first_split(TUNED_ON, TUNED_ON)
    cell = _grown(f"phi-s0-{directions}-{TUNED_ON}", "share", TUNED_ON, directions, asks)
    return replace(cell, tuned=named(tries.share()))


def _random(rank: int) -> Cell:
    return Cell(
        f"random-s0-k{rank}-{TUNED_ON}",
        "random",
        everything(TUNED_ON, TUNED_ON) if rank == RANK else first_split(TUNED_ON, TUNED_ON),
        TUNED_ON,
        settings={"steps": STEPS[TUNED_ON], "directions": 0, "rank": rank},
        tuned=named(tries.random()),
    )


def _equal(seed: int, domain: str) -> Cell:
    return Cell(
        f"equal-s{seed}-{domain}",
        "equal",
        everything(domain, domain),
        domain,
        seed=seed,
        settings={"steps": STEPS[domain], "directions": EQUAL_RANK},
        tuned=named(tries.equal()),
    )


def _last() -> tuple[str, ...]:
    return (chain("share", 0)[-1],)


def _wrong() -> Cell:
    others = dict(zip(DOMAINS, (*DOMAINS[1:], DOMAINS[0]), strict=True))
    asks = tuple(ask for one in DOMAINS for ask in first_split(one, others[one], CONTROL))
    return Cell("wrong-s0", "wrong", asks, before=_last())


def _coefficients() -> Cell:
    asks = tuple(ask for one in DOMAINS for ask in first_split(one, one, CONTROL))
    return Cell("coefficients-s0", "coefficients", asks, before=_last())


def _compact(rank: int) -> Cell:
    asks = tuple(ask for one in DOMAINS for ask in first_split(one, one, CONTROL))
    return Cell(f"compact-s0-k{rank}", "compact", asks, before=_last(), settings={"rank": rank})


def _general() -> list[Cell]:
    asks = tuple(ask for one in DOMAINS for ask in _texts(one))
    return [
        Cell("general-base", "base", _texts("")),
        Cell("general-share-s0", "wrong", asks, before=_last()),
    ]


def _written() -> list[Cell]:
    """The answer itself, as in a chat: under the mode's prompt, and no options to choose from."""
    told = [Ask(one, one, "T1", CONTROL, prompted=True, kind="exact") for one in DOMAINS]
    return [
        Cell("written-base", "base", tuple(replace(ask, mode="") for ask in told)),
        Cell("written-s0", "wrong", tuple(told), before=_last()),
    ]


def _merged(kind: Method) -> list[Cell]:
    tried = tries.merge(kind)
    asks = tuple(ask for domain in DOMAINS for ask in first_split(domain, MERGED))
    return [*tried, Cell(f"{kind}-s0", kind, asks, before=tried[0].before, tuned=named(tried))]


def many() -> list[Cell]:
    """Modes for single topics, one after the other in one subspace; all of them asked now and then."""
    topics = [(domain, topic) for domain, names in _MANY.items() for topic in names]
    grown: list[Cell] = []
    for count, (domain, topic) in enumerate(topics, 1):
        asked = topics[:count] if count in _COUNTED else [(domain, topic)]
        asks = tuple(Ask(one, f"{one}-{part}", "T1", _TOPIC_ITEMS, topic=part) for one, part in asked)
        settings = {"steps": _TOPIC_STEPS, "directions": DIRECTIONS if grown else RANK}
        before = (grown[-1].name,) if grown else ()
        name = f"many-{count:02}-{domain}-{topic}"
        cell = Cell(name, "many", asks, domain, topic, before=before, settings=settings)
        grown.append(replace(cell, tuned=named(tries.share() if before else tries.own())))
    return grown
