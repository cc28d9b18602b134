"""The facts of the coding domain, which Python itself is asked for when they are made.

Where a name lives, what a parameter is called, what an expression gives: none of it is written down.
"""

from __future__ import annotations

import importlib
import inspect

from modes.evaluation.domains.coding_tables import EXPRESSIONS, IMPORTED, METHODS, NAMES, PARAMETERS, PROGRAMS
from modes.evaluation.domains.making import DomainError, Fact

_PLACES = ("first", "second", "third")


def modules() -> tuple[Fact, ...]:
    """Name → module."""
    return tuple(
        Fact(f"module {name}", name, _checked(module, name), also=IMPORTED.get(name, ()))
        for module, name in NAMES
    )


def methods() -> tuple[Fact, ...]:
    """What it does → method of ``str``."""
    return tuple(Fact(f"method {name}", does, name) for name, does in METHODS)


def parameters() -> tuple[Fact, ...]:
    """Function and place → name of the parameter, from its signature."""
    facts = []
    for function, place in PARAMETERS:
        names = signature(function)
        asked = f"{_PLACES[place - 1]} parameter of {function}"
        facts.append(Fact(f"parameter {place} of {function}", asked, names[place - 1]))
    return tuple(facts)


def expressions() -> tuple[Fact, ...]:
    """Expression → value."""
    return tuple(Fact(f"value of {one}", one, repr(value(one))) for one in EXPRESSIONS)


def programs() -> tuple[Fact, ...]:
    """What is returned → function."""
    return tuple(Fact(f"program {does}", does, function(code)) for does, code in PROGRAMS)


def function(code: str) -> str:
    """A whole Python function of x that returns ``code``."""
    return f"def f(x):\n    return {code}"


def value(expression: str, **names: object) -> object:
    """What Python makes of an expression of this module, never of anybody else's."""
    return eval(expression, {}, dict(names))


def signature(dotted: str) -> tuple[str, ...]:
    """The names of a function's parameters. Raises `DomainError`."""
    module, _, name = dotted.rpartition(".")
    try:
        return tuple(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
    except (ImportError, AttributeError, ValueError) as error:
        raise DomainError(f"this Python tells nothing about {dotted} ({error}): 3.11 to 3.14 do") from error


def _checked(module: str, name: str) -> str:
    """``module``, which has ``name``. Raises `DomainError`."""
    if not hasattr(importlib.import_module(module), name):
        raise DomainError(f"this Python has no {module}.{name}: 3.11 to 3.14 have")
    return module
