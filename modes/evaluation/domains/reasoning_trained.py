"""Templates of which examples are trained; T1 and T4 are other questions made by them.

In each, the first, the last and the most often named option is right a quarter of the time.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from modes.evaluation.domains.reasoning_words import Question, Words, chosen, extreme, near, owned

#: Comparative, and the superlatives of the first to the fourth in a chain of it.
CHAINS = {
    "taller": ("tallest", "second tallest", "third tallest", "shortest"),
    "older": ("oldest", "second oldest", "third oldest", "youngest"),
    "faster": ("fastest", "second fastest", "third fastest", "slowest"),
    "richer": ("richest", "second richest", "third richest", "poorest"),
}


def chain(random: Random, words: Words, place: int) -> Question:
    """Who is where in a transitive order of four."""
    names = random.sample(words.names, 4)
    more = random.choice(list(CHAINS))
    told = ", ".join(f"{one} than {other}" for one, other in pairwise(names)).replace(
        "than", f"is {more} than", 1
    )
    return chosen(names, place, f"{told}. Who is the {CHAINS[more][place]}?")


def most(random: Random, words: Words, place: int) -> Question:
    """Who has the largest or the smallest of four numbers."""
    names = random.sample(words.names, 4)
    asked, numbers = extreme(place, random)
    return chosen(names, place, f"{owned(names, numbers)}. Who has the {asked}?")


def position(random: Random, words: Words, place: int) -> Question:
    """Which word is first, second, third, last of four."""
    things = random.sample(words.things, 4)
    asked = ("first", "second", "third", "last")[place]
    return chosen(things, place, f"List: {', '.join(things)}. Which word is {asked}?")


def neighbour(random: Random, words: Words, place: int) -> Question:
    """Which word is right after or before one of five."""
    things = random.sample(words.things, 5)
    asked, at = random.choice((("after", place), ("before", place + 1)))
    prompt = f"List: {', '.join(things)}. Which word is right {asked} {things[at]}?"
    return chosen(things[:at] + things[at + 1 :], place, prompt)


def following(random: Random, words: Words, place: int) -> Question:
    """The next number of an arithmetic sequence."""
    del words
    first, step = random.randint(1, 60), random.choice((2, 3, 4, 5, 10))
    shown = [first + step * at for at in range(4)]
    return near(shown[-1] + step, place, random, f"{', '.join(map(str, shown))}. Which number comes next?")


def gain(random: Random, words: Words, place: int) -> Question:
    """A number of two digits and one of one digit, added."""
    name, thing = random.choice(words.names), random.choice(words.things)
    had, more = random.randint(10, 60), random.randint(2, 9)
    return near(had + more, place, random, f"{name} has {had} {thing}s and gets {more} more. How many now?")


def swap(random: Random, words: Words, place: int) -> Question:
    """Who has what after two of four have swapped; one who did not is asked for a quarter of the time."""
    names, things = random.sample(words.names, 4), random.sample(words.things, 4)
    partner, *others = random.sample([at for at in range(4) if at != place], 3)
    asked, pair = (partner, [partner, place]) if random.random() < 0.75 else (place, others)
    random.shuffle(pair)
    one, other = (names[at] for at in pair)
    prompt = f"{owned(names, things)}. {one} and {other} swap. What does {names[asked]} have now?"
    return chosen(things, place, prompt)


def rule(random: Random, words: Words, place: int) -> Question:
    """Whom of four a general rule is about."""
    names, roles = random.sample(words.names, 4), random.sample(words.roles, 4)
    trait = random.choice(words.traits)
    told = f"Every {roles[place]} is {trait}. {owned(names, roles)}."
    return chosen(names, place, f"{told} Who must be {trait}?")


def parity(random: Random, words: Words, place: int) -> Question:
    """Who has the only odd, or the only even number."""
    names = random.sample(words.names, 4)
    asked = random.randrange(2)
    numbers = [2 * half + 1 - asked for half in random.sample(range(1, 50), 4)]
    numbers[place] += 1 if asked else -1
    return chosen(names, place, f"{owned(names, numbers)}. Who has an {('even', 'odd')[asked]} number?")


def odd_one(random: Random, words: Words, place: int) -> Question:
    """Whose word is of another class than the three others."""
    names = random.sample(words.names, 4)
    usual, other = random.sample(sorted(words.classes), 2)
    said = random.sample(words.classes[usual], 4)
    said[place] = random.choice(words.classes[other])
    return chosen(names, place, f"{owned(names, said)}. Whose word does not belong?")


def kind(random: Random, words: Words, place: int) -> Question:
    """Whose word, of four classes, is of the class that is asked for."""
    names = random.sample(words.names, 4)
    classes = random.sample(sorted(words.classes), 4)
    said = [random.choice(words.classes[one]) for one in classes]
    article = "an" if classes[place][0] in "aeiou" else "a"
    return chosen(names, place, f"{owned(names, said)}. Whose word is {article} {classes[place]}?")
