"""What has to hold for every domain, of facts or not, with choices or without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from modes.evaluation.item import SPLITS, Domain, Item, Split

MANY = 1_000


def every_item(domain: Domain, salt: str = "", count: int = MANY) -> list[Item]:
    return [item for split in SPLITS for item in domain.items(split, count, salt)]


def check_held_out_facts_are_never_trained(domain: Domain, count: int = MANY) -> None:
    trained = {example.fact for example in domain.examples("")}
    assert not trained & {item.fact for item in domain.items("T2", count, "")}


def check_gold_is_everywhere_equally(domain: Domain, split: Split) -> None:
    places = Counter(item.gold for item in domain.items(split, 1000, "") if item.kind == "choice")
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) - min(places.values()) <= 1


def check_ids_are_unique(domain: Domain, count: int = MANY) -> None:
    ids = Counter(item.id for item in every_item(domain, "", count))
    assert [name for name, times in ids.items() if times > 1] == []


def score(items: list[Item], guess: Callable[[Item], int]) -> float:
    """Share of right answers of ``guess``, from an item to the place of an option."""
    return sum(guess(item) == item.gold for item in items) / len(items)
