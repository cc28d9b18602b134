"""Combined ratings of 38 CFR 4.25 with the bilateral factor of 4.26, and questions that ask for them.

All in whole numbers: a half is rounded up, as the table has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from modes.evaluation.domains.making import Draft, Topic, Wording, look_alikes
from modes.evaluation.item import Example, Split


def combine(a: int, b: int) -> int:
    """Two ratings as one value: ``b`` of the efficiency that ``a`` leaves, both per cent (4.25, Table I)."""
    return (100 * a + b * (100 - a) + 50) // 100


def chain(ratings: Sequence[int]) -> int:
    """All ratings as one value, the largest first; each result is a whole number (4.25(a))."""
    value = 0
    for rating in sorted(ratings, reverse=True):
        value = combine(value, rating)
    return value


def bilateral(group: Sequence[int]) -> int:
    """The value of disabilities of both arms or both legs, a tenth of it added (4.26), at most 100."""
    return min(100, (11 * chain(group) + 5) // 10)


def combined(ratings: Sequence[int], both_sides: Sequence[int] = ()) -> int:
    """The combined rating: a bilateral group counts as one disability; to the nearest ten, at most 100.

    Only the last value is rounded to a ten, a five upward (4.25(a)). Those of ``both_sides`` with which the
    group would lower the result are combined by themselves (4.26(d), since April 2023).
    """
    whole = [chain([*ratings, *both_sides])]
    for size in range(2, len(both_sides) + 1):
        for kept in combinations(range(len(both_sides)), size):
            group = [both_sides[i] for i in kept]
            apart = [one for i, one in enumerate(both_sides) if i not in kept]
            whole.append(chain([*ratings, *apart, bilateral(group)]))
    return min(100, (max(whole) + 5) // 10 * 10)


def listed(ratings: Sequence[int]) -> str:
    """``60, 40 and 20``."""
    *most, last = map(str, ratings)
    return f"{', '.join(most)} and {last}" if most else last


def percent(rating: int) -> str:
    """A rating as an answer."""
    return f"{rating} percent"


@dataclass(frozen=True, slots=True)
class Ratings:
    """Pairs of ratings to learn; T3 asks for three and for both sides, T4 for pairs never seen.

    Nothing is held out for T2: whoever has learned the rule knows every pair.
    """

    topic: Topic
    three: str
    both: str

    @property
    def name(self) -> str:
        """The topic's name."""
        return self.topic.name

    def examples(self) -> list[Example]:
        """The trained pairs in the trained wordings."""
        return self.topic.examples()

    def drafts(self, split: Split, count: int, random: Random) -> list[Draft]:
        """As of any topic, but T3 and T4 make ``count`` with numbers of their own."""
        if split == "T1":
            return self.topic.drafts(split, count, random)
        if split == "T3":
            made = [self._three(random) for _ in range(count // 2)]
            return made + [self._both(random) for _ in range(count - count // 2)]
        return [self._pair(random) for _ in range(count)] if split == "T4" else []

    def _pair(self, random: Random) -> Draft:
        known = {fact.asked for fact in self.topic.facts}
        pair = drawn(2, random)
        while listed(pair) in known:
            pair = drawn(2, random)
        wording: Wording = random.choice(self.topic.unseen)
        opening = random.choice(self.topic.openings)
        return self._draft(opening + wording.prompt.format(asked=listed(pair)), pair, (), random)

    def _three(self, random: Random) -> Draft:
        ratings = drawn(3, random)
        return self._draft(self.three.format(ratings=listed(ratings)), ratings, (), random)

    def _both(self, random: Random) -> Draft:
        rating, sides = drawn(1, random), drawn(2, random, most=40)
        return self._draft(self.both.format(rating=rating[0], sides=listed(sides)), rating, sides, random)

    def _draft(self, prompt: str, ratings: Sequence[int], sides: Sequence[int], random: Random) -> Draft:
        right = combined(ratings, sides)
        fact = f"{self.topic.facts[0].id.rpartition('/')[0]}/{listed(ratings)}/{'+'.join(map(str, sides))}"
        # The plain sum is what is thought first, and the largest alone.
        likely = [
            min(100, sum((*ratings, *sides))),
            max(ratings),
            *(right + step for step in (-30, -20, -10, 10, 20)),
        ]
        wrong = [percent(one) for one in likely if 0 < one <= 100 and one != right]
        return Draft(self.name, fact, prompt, percent(right), look_alikes(percent(right), wrong, random))


def drawn(count: int, random: Random, most: int = 80) -> list[int]:
    """Ratings (tens, 10 to ``most``), the largest first."""
    return sorted((random.randrange(10, most + 1, 10) for _ in range(count)), reverse=True)
