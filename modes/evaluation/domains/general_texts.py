"""Texts that are always there, in passages: prose of our own, and what Python says about itself.

They are measured in bits per byte. Python's own differ between its versions: compare within one.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from modes.evaluation.domains.making import DomainError

#: Most characters of a passage, and the fewest that are worth a passage.
LONGEST, SHORTEST = 1500, 120

PROSE = {
    "bread": """
Bread needs little: flour, water, salt and time. Mix them until no dry flour is left, cover the bowl and go
away for an hour. When you come back the dough is smoother than you left it, although nobody touched it. Fold
it over itself a few times and leave it again. A slow rise in a cool kitchen gives more taste than a fast one
by the stove. The oven should be as hot as it gets, and the loaf is done when it sounds hollow from below.
""",
    "harbor": """
The ferry leaves at seven, but the people who know the island are on the pier by half past six. They stand
where the wind is broken by the shed and talk about the price of diesel. Someone has always brought a dog.
When the ramp comes down the cars go first, then the bicycles, and last of all the children, who want to be
counted by the mate. From the upper deck you can see the lighthouse long before you can see the land.
""",
    "garden": """
Beans are the kindest plants to begin with. Push each seed a finger deep into warm soil, give it a stick to
climb, and water it in the evening. Within a week a bent neck breaks the ground, straightens and opens two
thick leaves. Slugs like those leaves as much as you do, so a ring of ashes helps. Pick the pods while they
are thin; a plant that is allowed to ripen its seeds believes that its work is done and stops flowering.
""",
    "library": """
Our library was once a bank. The vault is now the reading room for newspapers, and its door, a meter thick,
has stood open for thirty years because no one remembers the number. Children love to lean against it and
push. In winter the old men of the quarter come here to be warm. They read the same page for an hour, and the
librarian, who is not as strict as she looks, wakes them gently ten minutes before she puts out the lights.
""",
    "letter": """
Dear Ms. Keller, thank you for your letter of the third of May. We are sorry that the parcel arrived wet and
that two of the six glasses were broken. New ones will be sent to you this week without charge; please keep
the others. You also asked whether the blue ones can still be had. They can, although only until the end of
the summer, since the workshop that makes them is closing. With kind regards, and our apologies once more.
""",
    "bicycle": """
A flat tire is mended in a quarter of an hour. Take the wheel off, lift one side of the tire over the rim
with two levers, and pull out the tube. Pump it up and hold it close to your cheek; you will feel the hole
before you see it. Roughen the rubber around it, spread the glue thinly and wait until it no longer shines.
Only then press on the patch. Before the tube goes back, feel inside the tire: the thorn is still there.
""",
    "weather": """
In the mountains the weather changes faster than plans do. A morning without a cloud says nothing about the
afternoon, when warm air climbs the slopes and builds its towers. Those who live there look at the swallows,
at the smoke, at the color of the far ridges, and start early. If thunder is heard, leave the summit at once,
stay away from single trees and iron ladders, and wait. There is always another day to stand on top.
""",
    "market": """
On Saturdays the square belongs to the market. The man with the cheese lets everyone taste and sells the most.
The woman beside him grows eleven kinds of potatoes and has an opinion on each. Fish comes from the lake,
honey from the roofs of the town hall, and the flowers, if one is honest, from an airport. By two o'clock
prices fall, by three the brooms come out, and at four the pigeons inspect what has been overlooked.
""",
}

#: Modules of the standard library that begin with a long explanation.
MODULES = (
    *("argparse", "ast", "copy", "decimal", "difflib", "doctest", "fractions", "functools", "heapq"),
    *("optparse", "pdb", "pickletools", "pprint", "random", "shelve", "shlex", "statistics", "subprocess"),
    *("tempfile", "textwrap", "timeit", "trace", "turtle", "uuid", "zipapp"),
)


def prose() -> Iterator[tuple[str, str]]:
    """Name and passage of our own texts, each on one line."""
    for name, text in PROSE.items():
        yield name, " ".join(text.split())


def python_docs() -> Iterator[tuple[str, str]]:
    """Name and passages of the language reference that ``help()`` shows. Raises `DomainError` without it."""
    try:
        topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    except ImportError as error:
        raise _lacking("help texts", error) from error
    for name, text in sorted(topics.items()):
        for passage in passages(text):
            yield name, passage


def docstrings() -> Iterator[tuple[str, str]]:
    """Name and passages of what modules say about themselves; next to nothing under ``python -OO``.

    Raises `DomainError` where one of them is not there.
    """
    for name in MODULES:
        for passage in passages(_docstring(name)):
            yield name, passage


def _docstring(module: str) -> str:
    """Read from its source where it cannot be imported: turtle needs tkinter, which Debian packs apart."""
    try:
        return inspect.getdoc(importlib.import_module(module)) or ""
    except ImportError:
        source = Path(inspect.__file__).with_name(f"{module}.py")
    try:
        return ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    except OSError as error:
        raise _lacking("modules", error) from error


def _lacking(what: str, error: Exception) -> DomainError:
    return DomainError(f"Python's own {what} are not here ({error}): install its whole standard library")


def passages(text: str) -> Iterator[str]:
    """Whole paragraphs, as many as fit `LONGEST` characters; one that does not fit is cut at line ends."""
    held = ""
    for part in _parts(text):
        if held and len(held) + 2 + len(part) > LONGEST:
            yield from _worth(held)
            held = ""
        held = f"{held}\n\n{part}" if held else part
    yield from _worth(held)


def _parts(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        held = ""
        for line in paragraph.rstrip().splitlines():
            if held and len(held) + 1 + len(line) > LONGEST:
                yield held
                held = ""
            held = f"{held}\n{line[:LONGEST]}" if held else line[:LONGEST]
        if held:
            yield held


def _worth(passage: str) -> Iterator[str]:
    if len(passage) >= SHORTEST:
        yield passage
