"""What all cells go by: domains and their orders, steps, ranks, how a cell is called, and what is asked.

It must not know which cells there are.
"""

from __future__ import annotations

from typing import Literal

from evidence.cell import COUNTS, PROMPTED, Ask

#: The domains that have something to learn, and the order that each run learns them in, by its seed.
DOMAINS = ("legal", "coding", "cherokee", "reasoning")
ORDERS = (
    ("cherokee", "legal", "coding", "reasoning"),
    ("reasoning", "cherokee", "coding", "legal"),
    ("coding", "reasoning", "legal", "cherokee"),
)
#: Where every opponent is tuned and the curves are drawn; what grows there begins with the other's adapter.
TUNED_ON, GROUND = "coding", "legal"
#: Steps of training, for every method alike.
STEPS = {"legal": 400, "coding": 300, "cherokee": 900, "reasoning": 800}
#: Rank of an adapter of one's own, and new directions of a mode that grows.
RANK, DIRECTIONS = 16, 4
#: A core alone has so few numbers that it learns slowly: it is tried with so many times the steps too.
LONGER = 2
#: A LoRA of this rank on the same modules takes about the bytes that a mode takes of the shared subspace, all
#: of it counted: (16 + 3 × 4) / 4 = 7 directions.
EQUAL_RANK = 7


def chain(method: Literal["share", "sequence"], seed: int) -> list[str]:
    """Names of the cells after each domain that was learned in turn."""
    first, *others = ORDERS[seed]
    return [
        own_name(seed, first),
        *(f"{method}-s{seed}-{at}-{domain}" for at, domain in enumerate(others, 2)),
    ]


def own_name(seed: int, domain: str) -> str:
    """The cell of an adapter of the domain's own."""
    return f"own-s{seed}-{domain}"


def longer_name(name: str) -> str:
    """The cell with `LONGER` times the steps of the cell ``name``."""
    return f"{name}-x{LONGER}"


def everything(domain: str, mode: str, *, prompted: bool = False) -> tuple[Ask, ...]:
    """All splits, and T1 once more under the mode's own prompt."""
    asks = tuple(Ask(domain, mode, split, count) for split, count in COUNTS.items())
    return (*asks, Ask(domain, mode, "T1", PROMPTED, prompted=True)) if prompted else asks


def first_split(domain: str, mode: str, count: int = COUNTS["T1"]) -> tuple[Ask, ...]:
    """T1 alone."""
    return (Ask(domain, mode, "T1", count),)
