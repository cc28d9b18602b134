"""``tui config``."""

from __future__ import annotations

import os
from typing import Any

import click

from tui.cli.options import engine_options, given, json_option, merged, warn_of_variables


@click.group()
def config() -> None:
    """The settings and where they are from."""


@config.command()
def path() -> None:
    """Print where config.toml is, or would be."""
    from tui.core.paths import config_dir
    from tui.headless.config import show_path

    show_path(config_dir() / "config.toml")


@config.command()
@json_option
@engine_options
@click.pass_context
def show(ctx: click.Context, /, as_json: bool, **flags: Any) -> None:
    """Show every setting as it holds, and the file, variable or flag it is from."""
    from tui.core.config import settings
    from tui.core.paths import config_dir
    from tui.headless.config import show_settings

    warn_of_variables()
    file = config_dir() / "config.toml"
    show_settings(settings(file, os.environ, given(merged(ctx.obj, flags))), file, as_json)
