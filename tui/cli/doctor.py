"""``tui doctor``."""

from __future__ import annotations

from typing import Any

import click

from tui.cli.endings import FAILED
from tui.cli.options import configured, engine_options, merged


@click.command()
@click.option("--tune", is_flag=True, help="Measure anew how the model runs fastest on this machine.")
@engine_options
@click.pass_context
def doctor(ctx: click.Context, /, tune: bool, **flags: Any) -> None:
    """Say what this machine has and what was chosen, with a remedy for what is amiss."""
    from modes.catalog import Catalog
    from tui.core.paths import config_dir, data_dir
    from tui.headless.doctor import doctor as report

    catalog = Catalog.load(config_dir() / "modes")
    config = configured(merged(ctx.obj, flags))
    if not report(config, catalog, config_dir() / "config.toml", data_dir(), tune):
        ctx.exit(FAILED)
