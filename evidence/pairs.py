"""A core alone in directions that others have learned, beside one in random directions: when is which ahead?

Each pair changes one thing of a short lesson. It must not know how a cell is made or scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evidence import tries
from evidence.cell import CONTROL, COUNTS, Ask, Cell
from evidence.design import DIRECTIONS, GROUND, RANK, TUNED_ON, first_split, own_name
from evidence.tries import named

#: Steps of the short lesson; a small rank; and how many wordings of a fact few examples have.
SHORT, SMALL, FEW = 100, 4, 1
#: After so many single topics, all of one domain, there are many directions.
_SIXTH, _MANY_DIRECTIONS = "many-06-legal-statutes", RANK + 5 * DIRECTIONS
#: A topic that is learned after another of its domain, and after another domain.
_RELATED, _TOPIC = "many-01-legal-sections", ("legal", "codes")


@dataclass(frozen=True, slots=True)
class Pair:
    """What the lesson is, and its cells with learned and with random directions."""

    about: str
    learned: Cell
    random: Cell


def pairs() -> list[Pair]:
    """All of them, the short lesson first; either basis has the rate that did best for it."""
    first, few, topic = own_name(0, GROUND), {"wordings": FEW}, f"{_TOPIC[0]}'s {_TOPIC[1]}"
    whole = _random("short", RANK, _TOPIC)
    return [
        Pair(f"{SHORT} steps", _learned("short", first), _random("short", RANK)),
        Pair(
            f"{FEW} wording of a fact in place of four",
            _learned("few", first, more=few),
            _random("few", RANK, more=few),
        ),
        Pair(
            f"{SMALL} directions in place of {RANK}",
            _learned("small", _small().name),
            _random("small", SMALL),
        ),
        Pair(
            f"{_MANY_DIRECTIONS} directions, of six topics of legal",
            _learned("many", _SIXTH),
            _random("many", _MANY_DIRECTIONS),
        ),
        Pair(f"{topic}, in directions of its sections", _learned("related", _RELATED, _TOPIC), whole),
        Pair(f"{topic}, in directions of coding", _learned("strange", own_name(0, TUNED_ON), _TOPIC), whole),
    ]


def short() -> list[Cell]:
    """The cells of all pairs, each once."""
    found = [_small(), *(cell for pair in pairs() for cell in (pair.learned, pair.random))]
    return list({cell.name: cell for cell in found}.values())


def _small() -> Cell:
    """The mode that the others are learned in the directions of, in few of them."""
    asks = first_split(GROUND, GROUND, CONTROL)
    return Cell(
        f"small-s0-{GROUND}", "compact", asks, before=(own_name(0, GROUND),), settings={"rank": SMALL}
    )


def _learned(
    how: str, before: str, what: tuple[str, str] = (TUNED_ON, ""), more: Mapping[str, float] | None = None
) -> Cell:
    domain, topic = what
    return Cell(
        f"core-s0-{how}-{topic or domain}", "core", _asks(domain, topic), domain, topic,
        before=(before,), settings={"steps": SHORT, "directions": 0, **(more or {})},
        tuned=named(tries.core()),
    )  # fmt: skip


def _random(
    how: str, rank: int, what: tuple[str, str] = (TUNED_ON, ""), more: Mapping[str, float] | None = None
) -> Cell:
    domain, topic = what
    return Cell(
        f"random-s0-{how}-{topic or domain}", "random", _asks(domain, topic), domain, topic,
        settings={"steps": SHORT, "directions": 0, "rank": rank, **(more or {})},
        tuned=named(tries.random()),
    )  # fmt: skip


def _asks(domain: str, topic: str) -> tuple[Ask, ...]:
    if topic:
        return (Ask(domain, f"{domain}-{topic}", "T1", COUNTS["T1"], topic=topic),)
    return first_split(domain, domain, CONTROL)
