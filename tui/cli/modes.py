"""``tui modes``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.options import json_option

if TYPE_CHECKING:
    from modes.catalog import Catalog


@click.group()
def modes() -> None:
    """The modes there are."""


@modes.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every mode with its coefficients, or what it lacks."""
    from tui.headless.modes import list_modes

    list_modes(*_catalog(), as_json)


@modes.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show all that the mode NAME is, and where each thing is from."""
    from tui.headless.modes import show_mode

    catalog, directory = _catalog()
    show_mode(catalog, name, directory, as_json)


def _catalog() -> tuple[Catalog, Path]:
    from modes.catalog import Catalog
    from tui.core.paths import config_dir

    directory = config_dir() / "modes"
    return Catalog.load(directory), directory
