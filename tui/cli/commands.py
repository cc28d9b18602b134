"""The commands of `tui`, each in a module of its own name that is imported once it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

NAMES = ("ask", "config", "data", "doctor", "memory", "modes", "plan")


class Commands(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NAMES)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in NAMES:
            return None
        command: click.Command = getattr(import_module(f"tui.cli.{name}"), name)
        return command
