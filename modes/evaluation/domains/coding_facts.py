"""What the coding domain knows: names of the standard library, expressions and programs.

Only names, meanings and expressions are written here. Whatever Python can tell is asked of Python when the
facts are made: where a name lives, what a parameter is called, what an expression gives.
"""

from __future__ import annotations

import importlib
import inspect

from modes.evaluation.domains.making import DomainError, Fact

#: Public names of the standard library in Python 3.11 to 3.14, each in one of these modules only.
NAMES = (
    ("ast", "literal_eval"),
    ("base64", "b64encode"),
    ("bisect", "bisect_left"),
    ("calendar", "monthrange"),
    ("collections", "deque"),
    ("collections", "namedtuple"),
    ("contextlib", "suppress"),
    ("difflib", "get_close_matches"),
    ("functools", "cached_property"),
    ("functools", "lru_cache"),
    ("heapq", "heappush"),
    ("inspect", "getsource"),
    ("itertools", "permutations"),
    ("itertools", "zip_longest"),
    ("math", "hypot"),
    ("operator", "methodcaller"),
    ("pathlib", "PurePath"),
    ("random", "shuffle"),
    ("secrets", "token_hex"),
    ("shutil", "copytree"),
    ("shutil", "disk_usage"),
    ("statistics", "median"),
    ("statistics", "quantiles"),
    ("string", "ascii_letters"),
    ("tempfile", "mkdtemp"),
    ("textwrap", "dedent"),
    ("urllib.parse", "urljoin"),
)

#: Modules that have a name only because they import it: the right answer nowhere, a distractor neither.
IMPORTED = {
    "bisect_left": ("statistics",),
    "deque": ("contextlib",),
    "hypot": ("statistics",),
    "namedtuple": ("functools", "inspect", "statistics", "urllib.parse"),
}

#: Methods of ``str``, and what each does in words that fit no other one.
METHODS = (
    ("capitalize", "makes the first letter big and the rest small"),
    ("casefold", "prepares text for a comparison without case"),
    ("center", "puts text in the middle of a given width"),
    ("count", "tells how often a part occurs"),
    ("encode", "turns text into bytes"),
    ("endswith", "checks the last part of the text"),
    ("expandtabs", "turns tabs into spaces"),
    ("find", "gives the first place of a part, or -1"),
    ("index", "gives the first place of a part, or an error"),
    ("isidentifier", "checks for a valid variable name"),
    ("isprintable", "checks that all characters can be shown"),
    ("isspace", "checks for nothing but white space"),
    ("join", "puts the text between many others"),
    ("ljust", "fills up with spaces on the right"),
    ("lstrip", "removes white space on the left only"),
    ("partition", "cuts in three at the first separator"),
    ("removeprefix", "takes away a given beginning"),
    ("removesuffix", "takes away a given ending"),
    ("replace", "puts one part in place of another"),
    ("rfind", "gives the last place of a part, or -1"),
    ("rjust", "fills up with spaces on the left"),
    ("rpartition", "cuts in three at the last separator"),
    ("splitlines", "cuts at line ends"),
    ("swapcase", "makes small letters big and big ones small"),
    ("title", "starts every word with a big letter"),
    ("translate", "changes characters by a table"),
    ("zfill", "fills up with zeros on the left"),
)

#: Functions and the place, counted from 1, of the parameter that is asked for. None is among `NAMES`.
PARAMETERS = (
    ("ast.parse", 1),
    ("ast.walk", 1),
    ("asyncio.sleep", 1),
    ("calendar.isleap", 1),
    ("contextlib.closing", 1),
    ("copy.deepcopy", 2),
    ("csv.DictReader", 2),
    ("enum.unique", 1),
    ("fnmatch.fnmatch", 2),
    ("functools.wraps", 1),
    ("getpass.getpass", 1),
    ("glob.glob", 1),
    ("hmac.new", 3),
    ("json.dumps", 1),
    ("json.load", 1),
    ("linecache.getline", 2),
    ("locale.setlocale", 1),
    ("os.path.relpath", 2),
    ("os.walk", 1),
    ("random.sample", 1),
    ("re.split", 3),
    ("re.sub", 2),
    ("shutil.copy", 2),
    ("shutil.which", 1),
    ("socket.create_connection", 1),
    ("textwrap.indent", 2),
    ("timeit.timeit", 1),
)

#: Each with a value of its own.
EXPRESSIONS = (
    "7 // 2",
    "-7 // 2",
    "-7 % 3",
    "5 ^ 1",
    "6 | 3",
    "1 << 4",
    "~5",
    "2 ** 5",
    "2 ** 3 ** 2",
    "(10 - 4) * 3",
    "0x1E",
    "0b11001",
    "len('banana')",
    "len(range(0, 10, 2))",
    "int('1010', 2)",
    "int('21', 8)",
    "int('ff', 16)",
    "ord('A')",
    "ord('a')",
    "sum(range(6))",
    "max([4, 9, 2])",
    "round(7.6)",
    "'hello'.find('z')",
    "[3, 1, 2].index(3)",
    "True + False",
    "abs(-12)",
    "divmod(71, 5)[0]",
)

#: What a function of the list of numbers ``x`` returns, in words and in Python.
PROGRAMS = (
    ("the sum of x", "sum(x)"),
    ("the largest number of x", "max(x)"),
    ("the smallest number of x", "min(x)"),
    ("how many items x has", "len(x)"),
    ("the first item of x", "x[0]"),
    ("the last item of x", "x[-1]"),
    ("x in reverse order", "x[::-1]"),
    ("x from low to high", "sorted(x)"),
    ("x from high to low", "sorted(x, reverse=True)"),
    ("x without its first item", "x[1:]"),
    ("x without its last item", "x[:-1]"),
    ("every second item of x", "x[::2]"),
    ("x followed by itself", "x + x"),
    ("the number of different items of x", "len(set(x))"),
    ("the mean of x", "sum(x) / len(x)"),
    ("the largest minus the smallest of x", "max(x) - min(x)"),
    ("the squares of x", "[n * n for n in x]"),
    ("the even numbers of x", "[n for n in x if n % 2 == 0]"),
    ("the odd numbers of x", "[n for n in x if n % 2]"),
    ("the numbers of x with the sign changed", "[-n for n in x]"),
    ("whether x is empty", "not x"),
    ("whether all items of x are equal", "len(set(x)) == 1"),
    ("where the largest of x stands", "x.index(max(x))"),
    ("the second largest of x", "sorted(x)[-2]"),
    ("the sum of the squares of x", "sum(n * n for n in x)"),
    ("the neighbours in x as pairs", "list(zip(x, x[1:]))"),
    ("x as text with commas", "','.join(map(str, x))"),
)

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
