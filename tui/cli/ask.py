"""``tui ask``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.endings import USAGE, Failure
from tui.cli.opening import open_session
from tui.cli.options import Flags, engine_options, merged

if TYPE_CHECKING:
    from tui.headless.ask import Wishes


@click.command()
@click.argument("prompt", required=False)
@click.option("-m", "--mode", help="Mode or blend to answer in.")
@click.option("--resume", metavar="ID", help="Go on with a conversation: its id, the beginning, or latest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
@click.option("--temperature", type=click.FloatRange(0, 2), help="0 is greedy. Default: the mode's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 2), help="Repeat an answer. Default: a fresh one.")
@click.option("--max-tokens", type=click.IntRange(1), help="Longest answer. Default: the mode's.")
@click.option("--grammar", metavar="FILE", help="Hold the answer to a grammar (GBNF).")
@click.option("--json-schema", metavar="FILE", help="Hold the answer to a JSON Schema.")
@click.option(
    "--logit-bias",
    metavar="TOKEN=VALUE",
    multiple=True,
    help="Make a token (its number, or its text) likelier or, below 0, less likely. May be repeated.",
)
@click.option(
    "--thinking-budget", type=click.IntRange(1), help="Most tokens of thinking. Default: the mode's."
)
@click.option(
    "--memory/--no-memory",
    default=None,
    help="Whether memories are recalled. Default: as it is set, and none where there are none.",
)
@click.option("--no-save", is_flag=True, help="Keep nothing of this question on disk.")
@engine_options
@click.pass_context
def ask(
    ctx: click.Context,
    /,
    prompt: str | None,
    resume: str | None,
    as_json: bool,
    no_save: bool,
    **flags: Any,
) -> None:
    """Answer one question and leave.

    Standard input is added before PROMPT as context; without PROMPT, or with "-", it is the question.
    The answer goes to standard output, everything else to standard error.
    """
    from tui.headless import ask as headless
    from tui.headless import inputs

    if resume and no_save:
        raise Failure("--resume writes into a conversation and --no-save keeps nothing: leave one out", USAGE)
    piped = None if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer
    try:
        question = inputs.read_question(prompt, piped)
        wishes = _wishes(flags)
    except inputs.BadInput as error:
        raise Failure(str(error), USAGE) from error
    flags = merged(ctx.obj, flags)
    with open_session(flags, keep=not no_save) as session:
        place = headless.place(session, resume, flags.get("mode"))
        code = headless.ask(session, place, question, wishes, as_json)
    if code:
        ctx.exit(code)


def _wishes(flags: Flags) -> Wishes:
    """Take the options that say how to answer out of ``flags``. Raises `BadInput`."""
    from tui.core.constraints import Constraints
    from tui.headless.ask import Wishes
    from tui.headless.inputs import parse_bias, read_grammar, read_schema

    grammar, schema = flags.pop("grammar"), flags.pop("json_schema")
    constraints = Constraints(
        read_grammar(Path(grammar)) if grammar is not None else None,
        read_schema(Path(schema)) if schema is not None else None,
        tuple(parse_bias(text) for text in flags.pop("logit_bias")),
        flags.pop("thinking_budget"),
    )
    return Wishes(
        flags.pop("temperature"), flags.pop("seed"), flags.pop("max_tokens"), constraints, flags.pop("memory")
    )
