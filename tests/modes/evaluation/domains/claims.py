"""What holds for every domain of facts, whichever it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter

from modes.evaluation.domains.making import Topic, digest, folded
from modes.evaluation.item import SPLITS, Domain, Item

#: More than a split of facts has, so that it is given whole.
ALL = 1000

_WORD = re.compile(r"[^\W_]+(?:[.’'][^\W_]+)*")


def everything(domain: Domain, salt: str = "") -> list[Item]:
    return [item for split in SPLITS for item in domain.items(split, ALL, salt)]


def words(text: str) -> str:
    return f" {' '.join(_WORD.findall(folded(text)))} "


def assert_no_item_was_trained(domain: Domain, salt: str) -> None:
    trained = [words(example.prompt) for example in domain.examples(salt)]
    grams = {gram for text in trained for gram in _grams(text)}
    whole = "|".join(trained)
    for item in everything(domain, salt):
        assert words(item.prompt) not in whole, item.prompt
        assert not grams.intersection(_grams(words(item.prompt))), item.prompt


def assert_held_out_facts_are_nowhere_in_the_examples(domain: Domain, topics: list[Topic]) -> None:
    examples = domain.examples("")
    facts = {example.fact for example in examples}
    assert not facts & {item.fact for item in domain.items("T2", ALL, "")}
    for topic in topics:
        text = " ".join(words(f"{e.prompt} | {e.answer}") for e in examples if e.topic == topic.name)
        for fact in topic.split()[1]:
            assert fact.id not in facts
            assert words(fact.asked) not in text, fact.asked
            assert words(fact.answer) not in text, fact.answer


def assert_items_are_whole(domain: Domain, salt: str) -> None:
    items = everything(domain, salt)
    assert len({item.id for item in items}) == len(items)
    for item in items:
        assert len({folded(choice) for choice in item.choices}) == 4
        assert item.topic in domain.topics
        assert item.kind == "choice"
        for text in (item.prompt, *item.choices):
            assert text == unicodedata.normalize("NFC", text)
    for example in domain.examples(salt):
        assert example.answer == unicodedata.normalize("NFC", example.answer)


def assert_gold_is_balanced(domain: Domain, salt: str) -> None:
    for split in SPLITS:
        for count in (100, 500):
            found = Counter(item.gold for item in domain.items(split, count, salt))
            assert max(found.values()) - min(found[i] for i in range(4)) <= 1


def assert_one_option_is_right(domain: Domain, topics: list[Topic]) -> None:
    """Against the facts themselves: no wrong option is what any wording makes of the same question."""
    items = everything(domain)
    for topic in topics:
        rights: dict[str, set[str]] = {}
        for fact in topic.facts:
            for wording in (*topic.trained, *topic.unseen, *topic.shapes):
                for answer in (fact.answer, *fact.also):
                    option = wording.option.format(asked=fact.asked, answer=answer)
                    rights.setdefault(wording.question(fact), set()).add(folded(option))
        for item in items:
            if item.topic == topic.name:
                bare = (item.prompt.removeprefix(opening) for opening in ("", *topic.openings))
                known = next(rights[prompt] for prompt in bare if prompt in rights)
                right = [choice for choice in item.choices if folded(choice) in known]
                assert right == [item.choices[item.gold]], item


def fingerprint(domain: Domain, salt: str) -> str:
    return digest(repr(domain.examples(salt)), repr(everything(domain, salt)))


def assert_the_same_in_a_fresh_process(domain: Domain) -> None:
    code = (
        "from modes.evaluation.domains import domain\n"
        "from tests.modes.evaluation.domains.claims import fingerprint\n"
        f"print(fingerprint(domain({domain.name!r}), 'salt'))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {fingerprint(domain, "salt")}


def _grams(text: str, size: int = 8) -> set[tuple[str, ...]]:
    parts = text.split()
    return {tuple(parts[i : i + size]) for i in range(len(parts) - size + 1)}
