"""What every command that touches coefficients needs: the base, a name for them, and the modes there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.options import configured, merged

if TYPE_CHECKING:
    from modes.catalog import Catalog


def base_path(ctx: click.Context, model: str | None) -> Path:
    """The file of the base that is meant. Raises `ConfigError`, `ModelUnusable`."""
    from tui.core.models import chosen_model

    return chosen_model(configured(merged(ctx.find_root().obj or {}, {"model": model})))


def check_name(name: str) -> None:
    """Raise `click.UsageError` unless a mode with coefficients can be called ``name``."""
    from modes.blend import ALIASES, BASE

    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", name) or name in {*ALIASES, BASE}:
        raise click.UsageError(
            f"{name!r} cannot be a mode with coefficients: 1 to 32 of a-z, 0-9, _ and -, "
            f"beginning with a letter, and not {BASE}"
        )


def catalog_and_directory() -> tuple[Catalog, Path]:
    """The modes there are, and the folder of the operator's own."""
    from modes.catalog import Catalog
    from tui.core.paths import config_dir

    directory = config_dir() / "modes"
    return Catalog.load(directory), directory
