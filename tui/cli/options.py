"""Options that several commands share, and the settings that come of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tui.core.config import Config

Flags = dict[str, Any]


class Slots(click.ParamType[int | str]):
    """A whole number, or the text of several before any command, which only ``--bench`` takes."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        try:
            return int(value)
        except ValueError:
            if ctx is None or ctx.parent is not None:
                self.fail(f"{value!r} is not a valid integer.", param, ctx)
            return str(value)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose the model and how it runs."""
    for option in (
        click.option(
            "--flash-attention/--no-flash-attention",
            default=None,
            help="Default: what was measured to be fast.",
        ),
        click.option("--kv", metavar="f16|q8_0", help="How K and V are stored. Default: f16."),
        click.option("--batch", type=int, help="Tokens read in one step. Default: what was measured."),
        click.option(
            "--slots",
            type=Slots(),
            metavar="N",
            help="Answers written at once. Default: what fits, up to 4. With --bench: 8, or 1,4, or 1..16.",
        ),
        click.option(
            "--gpu-layers", type=int, help="Layers on the GPU (-1: all). Default: all, with a GPU build."
        ),
        click.option("--threads", type=int, help="Threads that generate. Default: what was measured."),
        click.option(
            "--context",
            type=int,
            metavar="TOKENS",
            help="Context of each answer. Default: what fits, 32768 at most.",
        ),
        click.option(
            "--model",
            metavar="PATH",
            help="A GGUF file or a folder of MLX weights. Default: config, else the starter model.",
        ),
        click.option("--server", metavar="ADDRESS", help="HOST:PORT or URL of an OpenAI-compatible server."),
        click.option(
            "--engine",
            type=click.Choice(("llama", "mlx", "remote")),
            help="What runs the model. Default: a server that is named, else what fits this machine.",
        ),
    ):
        command = option(command)
    return command


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``, for commands that report something."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def merged(outer: Flags, inner: Flags) -> Flags:
    """Options may stand before or after the command; those after it win."""
    return outer | {name: value for name, value in inner.items() if value is not None}


def given(flags: Flags) -> Flags:
    """Flags as settings take them."""
    return flags if flags.get("model") is None else flags | {"model": Path(flags["model"])}


def configured(flags: Flags) -> Config:
    """The settings under these flags; tells of variables that mean nothing. Raises `ConfigError`."""
    warn_of_variables()
    return settings_under(flags)


def settings_under(flags: Flags) -> Config:
    """The settings under these flags. Raises `ConfigError`."""
    from tui.core.config import Config
    from tui.core.paths import config_dir

    return Config.load(config_dir() / "config.toml", os.environ).with_flags(**given(flags))


def warn_of_variables() -> None:
    """Tell of ``MODESHARE_*`` variables that mean nothing."""
    from tui.core.config import unknown_variables

    for warning in unknown_variables(os.environ):
        click.echo(f"tui: {warning}", err=True)
