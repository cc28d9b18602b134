"""``tui --bench``: its options, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.endings import REFUSED, USAGE, Failure
from tui.cli.opening import open_session
from tui.cli.options import Flags, settings_under

if TYPE_CHECKING:
    from tui.bench.bench import Wishes

_NAMES = ("full", "quick", "json", "compare", "domains", "modes", "items", "depth")


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
        click.option(
            "--depth",
            metavar="TOKENS",
            help="Bench with --slots: fill every conversation so far, such as 32K, or to what fits.",
        ),
        click.option("--compare", metavar="FILE", help="Bench: show what changed since that JSON."),
        click.option("--json", metavar="FILE", help="Bench: write all of it as JSON; - is standard output."),
        click.option("--full", is_flag=True, help="Bench: 500 items of a domain, for narrower intervals."),
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
        found["slots"] = flags.pop("slots")
        if found["depth"] is not None and found["slots"] is None:
            raise Failure(
                "--depth is for --bench --slots: say how many conversations are held at once", USAGE
            )
        return found
    if isinstance(flags["slots"], str):
        raise Failure(f"--slots {flags['slots']}: only --bench takes several numbers; give one", USAGE)
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
    if found["slots"] is not None:
        return _run_load(flags, found, wishes)
    with open_session(flags, keep=False) as session:
        return 0 if bench(session, data_dir(), wishes) else REFUSED


def _run_load(flags: Flags, found: Flags, wishes: Wishes) -> int:
    from tui.bench.load import bench_load, tokens_of
    from tui.core.load.room import room_for
    from tui.core.load.spec import Wanted, parse_counts, parse_depth
    from tui.core.paths import data_dir

    depth = None if found["depth"] is None else parse_depth(found["depth"])
    wanted = Wanted(parse_counts(str(found["slots"])), depth)
    room = room_for(settings_under(flags), wanted, tokens_of(wishes.full))
    flags = flags | {"context": room.context, "slots": room.slots}
    with open_session(flags, keep=False) as session:
        return 0 if bench_load(session, data_dir(), wishes, wanted, room.why) else REFUSED
