"""``tui modes train`` and ``tui modes grow``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tui.cli.options import configured, merged
from tui.cli.subspace import catalog_and_directory, check_name
from tui.core.paths import subspace_dir

#: The data that every domain of ours comes with.
BUILTIN = "builtin"


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both ways of training have in common; the defaults are those of `modes.training.plan.Plan`."""
    above = click.FloatRange(0, min_open=True)
    for option in (
        click.option(
            "--engine",
            type=click.Choice(("llama", "mlx")),
            help="What trains: llama takes torch, mlx MLX. Default: MLX for an MLX directory, else torch.",
        ),
        click.option(
            "--model",
            metavar="PATH",
            help="The base, a GGUF or an MLX directory. Default: the configured one.",
        ),
        click.option("--checkpointing", is_flag=True, help="Less memory for more time."),
        click.option(
            "--precision",
            type=click.Choice(("f32", "bf16")),
            help="Of the base's weights. Default: bf16 where this machine multiplies it itself, else f32; "
            "with MLX as they are kept.",
        ),
        click.option(
            "--targets",
            metavar="NAMES",
            help="Modules that change, such as attn_output,ffn_down (the default of train; "
            "grow takes those of the subspace).",
        ),
        click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Repeat a training. Default: 0."),
        click.option("--patience", type=click.IntRange(1), help="Looks without gain to the end. Default: 4."),
        click.option("--check", type=click.IntRange(1), help="Steps between validations. Default: 50."),
        click.option(
            "--rate",
            type=above,
            help="Learning rate of new directions; a larger model than the starter takes less. "
            "Default: 0.004; grow: 0.006.",
        ),
        click.option("--accumulate", type=click.IntRange(1), help="Batches for one step. Default: 1."),
        click.option("--batch", type=click.IntRange(1), help="Samples taken at once. Default: 16."),
        click.option("--steps", type=click.IntRange(1), help="The most steps. Default: 400."),
        click.option(
            "--data",
            metavar="FILE",
            default=BUILTIN,
            show_default=True,
            help="JSONL: a conversation a line, or builtin for what a domain of ours comes with.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--domain", required=True, metavar="D", help="What is learned: the name of the mode.")
@click.option("--rank", "directions", type=click.IntRange(1), help="Directions of its own. Default: 16.")
@plan_options
@click.pass_context
def train(ctx: click.Context, /, **flags: Any) -> None:
    """Train a mode in directions of its own, and take it into the shared subspace.

    Ctrl-C stops after the step under way; the same command goes on from there.
    """
    _run(ctx, flags, growing=False)


@click.command()
@click.argument("domain", metavar="D")
@click.option("--directions", type=click.IntRange(0), help="New ones beside the shared. Default: 4; 0: none.")
@click.option("--core-rate", type=click.FloatRange(0, min_open=True), help="Of the core. Default: 0.06.")
@click.option(
    "--random", type=click.IntRange(1), metavar="K", help="Begin the subspace with K random directions."
)
@plan_options
@click.pass_context
def grow(ctx: click.Context, /, **flags: Any) -> None:
    """Train the mode D in the shared subspace, with a few new directions beside it.

    Modes that are there stay what they are. Ctrl-C stops after the step under way; the same command goes on
    from there.
    """
    _run(ctx, flags, growing=True)


def _run(ctx: click.Context, flags: dict[str, Any], growing: bool) -> None:
    from modes.catalog import BUILTIN as OURS
    from tui.core.models import chosen_model
    from tui.core.paths import data_dir, ensure_private_dir
    from tui.headless.coefficients import add_mode_file
    from tui.headless.report import write_line
    from tui.headless.training import Site, Task, forget, teacher_of, train_mode

    name, data, random = (flags.pop(one, None) for one in ("domain", "data", "random"))
    running = {one: flags.pop(one) for one in ("model", "engine")}
    check_name(name)
    catalog, directory = catalog_and_directory()
    chosen = {key: value for key, value in flags.items() if value is not None}
    if "targets" in chosen:
        chosen["targets"] = tuple(chosen["targets"].replace(",", " ").split())
    mine = catalog.modes.get(name)
    task = Task(name, None if data == BUILTIN else Path(data), growing, random, mine.prompt if mine else "")
    folder = ensure_private_dir(data_dir())
    config = configured(merged(ctx.find_root().obj or {}, running))
    model = chosen_model(config)
    teacher = teacher_of(model, config.engine)
    site = Site(model, folder / "models.json", subspace_dir(folder), folder / "training", teacher)
    done = train_mode(task, chosen, site)
    try:
        done += add_mode_file(name, "Trained here.", directory, name in OURS, mine)
        forget(task, site)
    finally:  # what was taken in is said, whatever became of the mode's file
        for line in done:
            write_line(line)
