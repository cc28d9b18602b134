"""``tui plan``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tui.cli.endings import FAILED, USAGE, Failure
from tui.cli.options import json_option


@click.command()
@click.argument("model", metavar="MODEL", type=click.Path(path_type=Path))
@click.option("--memory", metavar="SIZE", required=True, help="What may be taken, such as 96GiB or 12GB.")
@click.option("--slots", type=click.IntRange(1), default=1, show_default=True, help="Answers at once.")
@click.option(
    "--context", type=click.IntRange(1), metavar="TOKENS", help="For each of them. Default: 32768, or less."
)
@click.option("--kv", type=click.Choice(["f16", "q8_0"]), default="f16", show_default=True, help="K and V.")
@click.option(
    "--batch", type=click.IntRange(1), default=256, show_default=True, help="Tokens read in one step."
)
@click.option("--flash-attention/--no-flash-attention", default=None, help="Default: yes, with --cpu no.")
@click.option("--window-only", is_flag=True, help="Layers with a window keep no more than it (llama-server).")
@click.option("--cpu", is_flag=True, help="Computed on this machine's CPU, which holds some weights twice.")
@click.option("--weights", metavar="KIND", help="How weights are stored, where a config.json says otherwise.")
@click.option("--modes", type=click.IntRange(0), default=4, show_default=True, help="Modes that are loaded.")
@click.option(
    "--directions", type=click.IntRange(1), default=28, show_default=True, help="Of each changed weight."
)
@click.option("--also", metavar="NAME=SIZE", multiple=True, help="Another machine; may be repeated.")
@click.option("--instead-of", metavar="MODEL", multiple=True, help="A model this replaces; may be repeated.")
@json_option
@click.pass_context
def plan(ctx: click.Context, /, model: Path, memory: str, as_json: bool, **given: Any) -> None:
    """Say what MODEL takes of a memory, and how many conversations of what length fit.

    MODEL is a GGUF file, a config.json (Hugging Face or MLX), or its directory; the weights may be elsewhere.
    Exits with 1 when what was asked for does not fit.
    """
    from engine.plan.kinds import NAMES
    from tui.headless.plan import Order
    from tui.headless.planning import plan_model
    from tui.headless.sizes import parse_size

    if given["kv"] != "f16" and given["flash_attention"] is False:
        raise Failure(f"--kv {given['kv']} needs flash attention: leave out --no-flash-attention", USAGE)
    if given["weights"] is not None and given["weights"] not in NAMES:
        raise Failure(f"--weights {given['weights']} is not known: one of {', '.join(NAMES)}", USAGE)
    order = Order(
        model=model,
        memory=parse_size(memory),
        machines={name: parse_size(size) for name, size in _pairs(given.pop("also"))},
        replaced=tuple(Path(path) for path in given.pop("instead_of")),
        **given,
    )
    if not plan_model(order, as_json):
        ctx.exit(FAILED)


def _pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [(name, size) for name, _, size in (text.partition("=") for text in texts)]
    if any(not name or not size for name, size in pairs):
        raise Failure("--also needs a name and a size, such as laptop=128GB", USAGE)
    return pairs
