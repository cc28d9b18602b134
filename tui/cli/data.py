"""``tui data``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tui.cli.endings import FAILED, USAGE, Failure


@click.group()
def data() -> None:
    """Your conversations on disk: where, backup, removal."""


@data.command()
def path() -> None:
    """Print the folder that everything is kept in."""
    from tui.core.paths import data_dir
    from tui.headless.report import write_line

    write_line(str(data_dir()))


@data.command()
@click.argument("file")
def backup(file: str) -> None:
    """Copy all conversations into the new file FILE, also while a chat is open."""
    from tui.core.paths import conversations_file
    from tui.headless.data import back_up

    back_up(conversations_file(), Path(file))


@data.command()
@click.argument("file")
def restore(file: str) -> None:
    """Bring back all conversations from FILE, which a backup made. There may be none yet."""
    from tui.core.paths import conversations_file
    from tui.headless.data import bring_back

    bring_back(Path(file), conversations_file())


@data.command()
@click.argument("id", required=False)
def undelete(id: str | None) -> None:
    """Bring back the deleted conversation ID; without ID, list those of the last 30 days."""
    from tui.core.paths import conversations_file
    from tui.headless.data import undelete as bring

    bring(conversations_file(), id)


@data.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(yes: bool) -> None:
    """Remove all conversations and everything else that was kept, for good.

    Your settings and modes stay, and so does any file that is not ours.
    """
    from tui.core.paths import config_dir, conversations_file, data_dir, our_data
    from tui.headless import data as headless

    folder = data_dir()
    found = our_data(folder)
    if not found:
        click.echo(f"nothing of ours is in {folder}", err=True)
        return
    click.echo(
        f"{folder}: {', '.join(path.name for path in found)} ({headless.size(found):,} bytes)", err=True
    )
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise Failure("there is nobody to confirm the removal: add --yes to remove all of this", USAGE)
        if not click.confirm("Remove all of this for good?", err=True):
            raise Failure("nothing was removed", FAILED)
    headless.remove(folder, conversations_file())
    click.echo(f"removed; your settings and modes are in {config_dir()} and stay", err=True)
