"""``tui data``."""

import click


@click.group()
def data() -> None:
    """Your conversations on disk: where, backup, removal."""
