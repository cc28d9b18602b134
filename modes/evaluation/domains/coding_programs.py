"""Small programming tasks made by chance, each with hidden tests.

What a right program returns is computed here from the task's own expression; no answer is run here.
"""

from __future__ import annotations

from random import Random

from modes.evaluation.domains.coding_facts import value
from modes.evaluation.domains.making import digest
from modes.evaluation.item import Item

#: What is asked for, and Python for it; ``{n}`` is a small number.
TASKS = (
    ("every number of x plus {n}", "[k + {n} for k in x]"),
    ("every number of x times {n}", "[k * {n} for k in x]"),
    ("the numbers of x above {n}", "[k for k in x if k > {n}]"),
    ("the numbers of x below {n}", "[k for k in x if k < {n}]"),
    ("the numbers of x that {n} divides", "[k for k in x if k % {n} == 0]"),
    ("the remainders of x divided by {n}", "[k % {n} for k in x]"),
    ("the first {n} items of x", "x[:{n}]"),
    ("the last {n} items of x", "x[-{n}:]"),
    ("x without its first {n} items", "x[{n}:]"),
    ("how often {n} is in x", "x.count({n})"),
    ("whether {n} is in x", "{n} in x"),
    ("the sum of x plus {n}", "sum(x) + {n}"),
    ("the sum of x times {n}", "sum(x) * {n}"),
    ("the largest number of x minus {n}", "max(x) - {n}"),
    ("x with {n} added at the end", "x + [{n}]"),
    ("x with {n} added at the front", "[{n}] + x"),
    ("how many numbers of x are above {n}", "sum(k > {n} for k in x)"),
    ("x without every {n}", "[k for k in x if k != {n}]"),
)
#: Each says that a function is wanted and what it takes; none is trained.
_WORDINGS = (
    "Write a Python function f(x) of a list of numbers that returns {asked}.",
    "Please write Python: def f(x), where x is a list, returning {asked}.",
    "Task: a Python function named f takes one list x and returns {asked}. Write it.",
)
_SMALLEST, _LARGEST = 2, 9


def reference(task: int, n: int) -> str:
    """The expression that returns what a task asks for."""
    return TASKS[task][1].format(n=n)


def fresh(domain: str, topic: str, count: int, random: Random) -> list[Item]:
    """At most ``count`` different tasks."""
    drawn = [(task, n) for task in range(len(TASKS)) for n in range(_SMALLEST, _LARGEST + 1)]
    random.shuffle(drawn)
    return [_item(domain, topic, one, random) for one in drawn[:count]]


def _item(domain: str, topic: str, drawn: tuple[int, int], random: Random) -> Item:
    task, n = drawn
    asked = TASKS[task][0].format(n=n)
    fact, prompt = f"program {asked}", random.choice(_WORDINGS).format(asked=asked)
    lists = [[n - 1, n, n + 1, -n, *_numbers(random), n], [k for k in range(13) if k != n]]
    random.shuffle(lists[1])
    lists += [[*_numbers(random), n], [k for k in _numbers(random) if k != n]]
    tests = "\n".join(f"assert f({x}) == {value(reference(task, n), x=x)!r}" for x in lists)
    name = f"{domain}-T4-{digest(fact, prompt, tests)[:12]}"
    return Item(name, domain, "T4", topic, fact, "code", prompt, tests=tests)


def _numbers(random: Random) -> list[int]:
    return [random.randint(0, 12) for _ in range(random.randint(6, 9))]
