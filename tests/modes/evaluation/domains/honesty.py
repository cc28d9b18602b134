"""What has to hold for every domain, whatever it asks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter

from modes.evaluation import domains
from modes.evaluation.domains.making import folded
from modes.evaluation.item import SPLITS, Domain, Item, Split

MANY = 10_000


def every_item(domain: Domain, salt: str = "") -> list[Item]:
    return [item for split in SPLITS for item in domain.items(split, MANY, salt)]


def check_questions_are_never_trained(domain: Domain, salt: str) -> None:
    trained = {folded(example.prompt) for example in domain.examples(salt)}
    assert not trained & {folded(item.prompt) for item in every_item(domain, salt)}


def check_held_out_facts_are_never_trained(domain: Domain) -> None:
    trained = {example.fact for example in domain.examples("")}
    assert not trained & {item.fact for item in domain.items("T2", MANY, "")}


def check_gold_is_everywhere_equally(domain: Domain, split: Split) -> None:
    places = Counter(item.gold for item in domain.items(split, MANY, "") if item.kind == "choice")
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) - min(places.values()) <= 1


def check_ids_are_unique(domain: Domain) -> None:
    ids = Counter(item.id for item in every_item(domain))
    assert [name for name, times in ids.items() if times > 1] == []


def fingerprint(name: str, salt: str) -> str:
    """Of all examples and items, in their order."""
    domain = domains.domain(name)
    return hashlib.sha256(repr([domain.examples(salt), every_item(domain, salt)]).encode()).hexdigest()


def fingerprint_elsewhere(name: str, salt: str) -> str:
    """The same, from a process whose strings and sets have other hashes."""
    program = (
        f"from tests.modes.evaluation.domains import honesty; print(honesty.fingerprint({name!r}, {salt!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "12345", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def score(items: list[Item], guess: object) -> float:
    """Share of right answers of ``guess``, a function from an item to the place of an option."""
    assert callable(guess)
    return sum(guess(item) == item.gold for item in items) / len(items)
