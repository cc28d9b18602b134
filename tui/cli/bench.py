"""``tui --bench``: its options, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tui.cli.endings import REFUSED, USAGE, Failure
from tui.cli.opening import open_session
from tui.cli.options import Flags

_NAMES = ("full", "quick", "json", "compare", "domains", "modes", "items")


def bench_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of ``--bench``, which mean nothing without it."""
    for option in (
        click.option(
            "--modes", metavar="NAMES", multiple=True, help="Bench: modes. Default: those of the domains."
        ),
        click.option(
            "--domains", metavar="NAMES", multiple=True, help="Bench: domains, or .jsonl files. Default: all."
        ),
        click.option("--items", type=click.IntRange(1), help="Bench: items of a domain, if not the usual."),
        click.option("--compare", metavar="FILE", help="Bench: show what changed since that JSON."),
        click.option("--json", metavar="FILE", help="Bench: write all of it as JSON; - is standard output."),
        click.option("--full", is_flag=True, help="Bench: 500 items of a domain, enough for 5 points."),
        click.option("--quick", is_flag=True, help="Bench: 60 items of a domain, some minutes. The default."),
        click.option("--bench", is_flag=True, help="Measure modes, forgetting and speed, and judge them."),
    ):
        command = option(command)
    return command


def taken(flags: Flags) -> Flags | None:
    """Take the options of ``--bench`` out of ``flags``; None without it. Raises `Failure`."""
    wanted, found = flags.pop("bench"), {name: flags.pop(name) for name in _NAMES}
    if wanted:
        if found["quick"] and found["full"]:
            raise Failure("--quick and --full: leave one out", USAGE)
        return found
    given = next((name for name, value in found.items() if value), None)
    if given:
        raise Failure(f"--{given} is for --bench: add it, or leave --{given} out", USAGE)
    return None


def run_bench(flags: Flags, found: Flags) -> int:
    """Run it; returns the exit code. Raises what it raises itself."""
    from tui.bench.bench import Wishes, bench, named
    from tui.core.paths import data_dir

    compare = Path(found["compare"]) if found["compare"] else None
    wishes = Wishes(
        found["full"], named(found["domains"]), named(found["modes"]), found["items"], found["json"], compare
    )
    with open_session(flags, keep=False) as session:
        return 0 if bench(session, data_dir(), wishes) else REFUSED
