"""Templates that are never trained: other forms of the trained skills, and questions nobody can answer.

The latter are the control. What would decide is left out of the prompt, so that chance made the answer the
right one: training cannot help, and whoever does better than a quarter has found a mistake of ours.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from modes.evaluation.domains.reasoning_words import Question, Words, chosen, extreme, listed, near, owned

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COMPASS = ("north", "east", "south", "west")
TURNS = {"right": 1, "left": 3, "around": 2}
_RANKS = ("first", "second", "third", "last")


def queue(random: Random, words: Words, place: int) -> Question:
    """Who stands where, told from the back."""
    names = random.sample(words.names, 4)
    told = " ".join(f"{one} stands behind {other}." for one, other in pairwise(names))
    return chosen(names[::-1], place, f"{told} Who is {_RANKS[place]} in line?")


def cheapest(random: Random, words: Words, place: int) -> Question:
    """Which of four things costs the most or the least."""
    things = random.sample(words.things, 4)
    asked, prices = extreme(place, random)
    told = ", ".join(f"the {thing} costs {price}" for thing, price in zip(things, prices, strict=True))
    return chosen(things, place, f"In a shop {told}. What costs the {asked}?")


def backwards(random: Random, words: Words, place: int) -> Question:
    """Which word has a place when four are read from the end."""
    things = random.sample(words.things, 4)
    prompt = f"Read from the end: {', '.join(things)}. Which word do you read {_RANKS[place]}?"
    return chosen(things[::-1], place, prompt)


def between(random: Random, words: Words, place: int) -> Question:
    """Which of six words stands between two others."""
    things = random.sample(words.things, 6)
    before, gold, after = things[place : place + 3]
    others = [thing for thing in things if thing not in (before, after)]
    prompt = f"{', '.join(things)}. Which word is between {before} and {after}?"
    return chosen(others, others.index(gold), prompt)


def loss(random: Random, words: Words, place: int) -> Question:
    """A number of one digit taken away from one of two."""
    name, thing = random.choice(words.names), random.choice(words.things)
    had, less = random.randint(20, 70), random.randint(2, 9)
    return near(had - less, place, random, f"{name} had {had} {thing}s and lost {less}. How many are left?")


def weekday(random: Random, words: Words, place: int) -> Question:
    """The day of the week some days from another one."""
    del words, place
    today, days = random.randrange(7), random.randint(2, 5)
    gold = DAYS[(today + days) % 7]
    wrong = random.sample([day for day in DAYS if day not in (gold, DAYS[today])], 3)
    return Question(f"Today is {DAYS[today]}. Which day is it {days} days from now?", gold, tuple(wrong))


def variables(random: Random, words: Words, place: int) -> Question:
    """The value of a name that is set to another name."""
    del words
    names = random.sample("abcdkmnpqrstxyz", 5)
    values = [str(number) for number in random.sample(range(1, 100), 4)]
    told = " ".join(f"{name} = {value};" for name, value in zip(names, values, strict=False))
    return chosen(values, place, f"{told} {names[4]} = {names[place]}; print({names[4]}) shows")


def turns(random: Random, words: Words, place: int) -> Question:
    """Where one looks after two turns."""
    name, turned = random.choice(words.names), random.choices(list(TURNS), k=2)
    start = COMPASS[(place - sum(TURNS[way] for way in turned)) % 4]
    prompt = f"{name} faces {start}, turns {turned[0]}, then turns {turned[1]}. Where does {name} look?"
    return chosen(COMPASS, place, prompt)


def ending(random: Random, words: Words, place: int) -> Question:
    """Whose number ends in a given digit."""
    names = random.sample(words.names, 4)
    digits = random.sample(range(10), 4)
    numbers = [10 * random.randint(1, 9) + digit for digit in digits]
    return chosen(names, place, f"{owned(names, numbers)}. Whose number ends in {digits[place]}?")


def initial(random: Random, words: Words, place: int) -> Question:
    """Whose word begins with a given letter."""
    names = random.sample(words.names, 4)
    letters = random.sample(sorted({thing[0] for thing in words.things}), 4)
    said = [random.choice([thing for thing in words.things if thing[0] == letter]) for letter in letters]
    return chosen(names, place, f"{owned(names, said)}. Whose word begins with {letters[place].upper()}?")


def unmeasured(random: Random, words: Words, place: int) -> Question:
    """Control: nobody said who is taller than whom."""
    names = random.sample(words.names, 4)
    return chosen(names, place, f"{listed(names)} were measured. Who is the tallest?")


def unordered(random: Random, words: Words, place: int) -> Question:
    """Control: a list that is not shown."""
    things = random.sample(words.things, 4)
    prompt = f"A list holds {listed(things)} in an order that is not told. Which word is third?"
    return chosen(things, place, prompt)


def unread(random: Random, words: Words, place: int) -> Question:
    """Control: a number that nobody read out."""
    name, number = random.choice(words.names), random.randint(10, 99)
    thing = random.choice(words.things)
    return near(number, place, random, f"{name} has some {thing}s and gets some more. How many now?")


def unruled(random: Random, words: Words, place: int) -> Question:
    """Control: a rule that is stated nowhere."""
    names, roles = random.sample(words.names, 4), random.sample(words.roles, 4)
    trait = random.choice(words.traits)
    return chosen(names, place, f"{owned(names, roles)}. One of them is {trait}. Who?")


def unturned(random: Random, words: Words, place: int) -> Question:
    """Control: cards that lie face down."""
    names = random.sample(words.names, 4)
    prompt = f"{listed(names)} have a card each, face down. Whose number is odd?"
    return chosen(names, place, prompt)
