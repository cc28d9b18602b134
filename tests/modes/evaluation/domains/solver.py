"""Answers to reasoning questions, found by reading them: nothing of the templates is used.

A solver gives every option that is right, so that a question with two of them is found out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from modes.evaluation.domains.reasoning_words import RESERVED, TRAINED
from modes.evaluation.item import Item

CLASS = {
    word: name for words in (TRAINED, RESERVED) for name, members in words.classes.items() for word in members
}
RANK = {"first": 0, "second": 1, "third": 2, "last": 3}
WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def owners(prompt: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+): (\w+)", prompt))


def chain(item: Item) -> str:
    over = dict(re.findall(r"(\w+)(?: is \w+)? than (\w+)", item.prompt))
    order = [next(name for name in over if name not in over.values())]
    while order[-1] in over:
        order.append(over[order[-1]])
    asked = item.prompt.rsplit("the ", 1)[1].rstrip("?")
    if asked.split()[0] in RANK:
        return order[RANK[asked.split()[0]]]
    return order[0 if asked in ("tallest", "oldest", "fastest", "richest") else 3]


def most(item: Item) -> str:
    has = {name: int(number) for name, number in owners(item.prompt).items()}
    return (max if item.prompt.endswith("most?") else min)(has, key=lambda name: has[name])


def position(item: Item) -> str:
    words, asked = re.fullmatch(r"List: (.*)\. Which word is (\w+)\?", item.prompt).groups()
    return str(words.split(", ")[RANK[asked]])


def neighbour(item: Item) -> str:
    found = re.fullmatch(r"List: (.*)\. Which word is right (\w+) (\w+)\?", item.prompt)
    assert found
    words = found[1].split(", ")
    return words[words.index(found[3]) + (1 if found[2] == "after" else -1)]


def following(item: Item) -> str:
    *_, before, last = map(int, re.findall(r"\d+", item.prompt))
    return str(2 * last - before)


def gain(item: Item) -> str:
    return str(sum(map(int, re.findall(r"\d+", item.prompt))))


def loss(item: Item) -> str:
    had, less = map(int, re.findall(r"\d+", item.prompt))
    return str(had - less)


def swap(item: Item) -> str:
    has = owners(item.prompt)
    one, other, asked = re.search(r"(\w+) and (\w+) swap. What does (\w+) have", item.prompt).groups()
    has[one], has[other] = has[other], has[one]
    return has[asked]


def rule(item: Item) -> str:
    role = re.search(r"Every (\w+) is", item.prompt)
    assert role
    (gold,) = (name for name, has in owners(item.prompt).items() if has == role[1])
    return gold


def parity(item: Item) -> str:
    odd = "odd" in item.prompt
    (gold,) = (name for name, number in owners(item.prompt).items() if int(number) % 2 == odd)
    return gold


def odd_one(item: Item) -> str:
    has = {name: CLASS[word] for name, word in owners(item.prompt).items()}
    (gold,) = (name for name, of in has.items() if list(has.values()).count(of) == 1)
    return gold


def kind(item: Item) -> str:
    asked = re.search(r"word is an? ([\w ]+)\?", item.prompt)
    assert asked
    (gold,) = (name for name, word in owners(item.prompt).items() if CLASS[word] == asked[1])
    return gold


def queue(item: Item) -> str:
    ahead = dict(re.findall(r"(\w+) stands behind (\w+)", item.prompt))
    order = [next(name for name in ahead.values() if name not in ahead)]
    while len(order) < 4:
        order.append(next(name for name, front in ahead.items() if front == order[-1]))
    return order[RANK[item.prompt.split()[-3]]]


def cheapest(item: Item) -> str:
    costs = {thing: int(price) for thing, price in re.findall(r"the (\w+) costs (\d+)", item.prompt)}
    return (max if item.prompt.endswith("most?") else min)(costs, key=lambda thing: costs[thing])


def backwards(item: Item) -> str:
    found = re.search(r"end: (.*)\. Which word do you read (\w+)", item.prompt)
    assert found
    return found[1].split(", ")[::-1][RANK[found[2]]]


def between(item: Item) -> str:
    words = item.prompt.split(".")[0].split(", ")
    one, other = re.search(r"between (\w+) and (\w+)", item.prompt).groups()
    assert words.index(other) - words.index(one) == 2
    return words[words.index(one) + 1]


def weekday(item: Item) -> str:
    today, days = re.search(r"is (\w+)\. .* (\d) days", item.prompt).groups()
    return WEEK[(WEEK.index(today) + int(days)) % 7]


def variables(item: Item) -> str:
    scope: dict[str, object] = {}
    exec(item.prompt.rsplit(";", 1)[0], scope)
    return str(scope[item.prompt.split("print(")[1][0]])


def turns(item: Item) -> str:
    start, *ways = re.search(r"faces (\w+), turns (\w+), then turns (\w+)", item.prompt).groups()
    east, north = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}[start]
    for way in ways:
        turned = {"right": (north, -east), "left": (-north, east), "around": (-east, -north)}
        east, north = turned[way]
    return {(0, 1): "north", (1, 0): "east", (0, -1): "south", (-1, 0): "west"}[east, north]


def ending(item: Item) -> str:
    digit = item.prompt.rstrip("?")[-1]
    (gold,) = (name for name, number in owners(item.prompt).items() if number.endswith(digit))
    return gold


def initial(item: Item) -> str:
    letter = item.prompt.rstrip("?")[-1].lower()
    (gold,) = (name for name, word in owners(item.prompt).items() if word.startswith(letter))
    return gold


SOLVERS: dict[str, Callable[[Item], str]] = {
    solve.__name__: solve
    for solve in (
        *(chain, most, position, neighbour, following, gain, loss, swap, rule, parity, odd_one, kind),
        *(queue, cheapest, backwards, between, weekday, variables, turns, ending, initial),
    )
}
