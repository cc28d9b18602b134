"""``tui memory``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tui.cli.endings import FAILED, USAGE, Failure
from tui.cli.options import json_option
from tui.cli.remembering import (
    named_server,
    no_embedder,
    opened_embedder,
    opened_store,
    settings_of,
    to_the_end,
)

#: Degrees.
_HEAT = click.FloatRange(0, 100)


@click.group()
def memory() -> None:
    """What is remembered: add, find, import, sync, extract."""


@memory.command()
@click.argument("text", required=False)
@click.option("--domain", metavar="D", help="What it is about, such as legal; modes recall by it.")
@click.option("--tag", "tags", metavar="T", multiple=True, help="A tag. May be repeated.")
@click.option("--temperature", type=_HEAT, help="How hot it begins. Default: 85.")
@click.option("--sacred", is_flag=True, help="It cools slowly, to 40 at least; shown if asked for.")
@click.pass_context
def add(ctx: click.Context, /, text: str | None, **how: Any) -> None:
    """Remember TEXT; without it, or with "-", what comes on standard input. Prints its id."""
    from tui.headless.inputs import BadInput
    from tui.headless.memory.keeping import add as remember
    from tui.headless.memory.keeping import read_text

    piped = None if sys.stdin is None or sys.stdin.isatty() or text not in (None, "-") else sys.stdin.buffer
    try:
        content = read_text(text, piped)
    except BadInput as error:
        raise Failure(str(error), USAGE) from error
    with opened_store(ctx) as store:
        remember(store, content, how)


@memory.command()
@click.argument("text")
@click.option("--domain", "domains", metavar="D", multiple=True, help="Of this domain. May be repeated.")
@click.option("--limit", type=click.IntRange(1, 5), default=5, show_default=True, help="Memories, at most.")
@click.option(
    "--profile",
    type=click.Choice(("balanced", "federation", "relevance")),
    default="balanced",
    show_default=True,
    help="What temperature counts for.",
)
@click.option("--sacred", is_flag=True, help="Sacred memories too.")
@json_option
@click.pass_context
def search(ctx: click.Context, /, text: str, as_json: bool, **how: Any) -> None:
    """Show what a question TEXT would recall, and why: stage, temperature, relevance."""
    from tui.headless.memory.searching import search as find
    from tui.headless.memory.searching import searched

    config = settings_of(ctx)
    with (
        opened_store(ctx, make=False) as store,
        opened_embedder(config) as embedder,
        searched(config, store, embedder) as (source, usable),
    ):
        find(source, usable, text, as_json, **how)


@memory.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--domain", metavar="D", help="What all of it is about.")
@click.option("--tag", "tags", metavar="T", multiple=True, help="A tag for all of it. May be repeated.")
@click.option("--temperature", type=_HEAT, help="How hot it begins, where a file does not say. Default: 85.")
@click.option("--sacred", is_flag=True, help="All of it is sacred.")
@click.option("--keep-former", is_flag=True, help="What a changed file said before is recalled too.")
@click.pass_context
def import_(ctx: click.Context, /, paths: tuple[Path, ...], **how: Any) -> None:
    """Remember files and folders: JSONL, Markdown, text.

    Long texts are kept with their parts, what is there already is not kept twice. What a changed text or
    Markdown file says no longer is superseded: kept, and not recalled. Ctrl-C keeps what is done, and the
    same command goes on from there.
    """
    from tui.headless.memory.importing import import_paths

    with opened_store(ctx) as store:
        if not to_the_end(lambda: import_paths(store, paths, **how)):
            ctx.exit(FAILED)


@memory.command()
@json_option
@click.pass_context
def stats(ctx: click.Context, as_json: bool) -> None:
    """Count what is remembered: by origin, stage, domain; vectors; bytes."""
    from tui.core.paths import data_dir, memories_file
    from tui.headless.memory.stats import tell

    with opened_store(ctx, make=False) as store:
        tell(store.stats(), memories_file(data_dir()), as_json)


@memory.command()
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N hottest, for a small machine.")
@click.option("--replace", is_flag=True, help="Drop what is here when it is of another server.")
@click.pass_context
def sync(ctx: click.Context, top: int | None, replace: bool) -> None:
    """Bring the server's memories here: what is new, changed or gone since the last time.

    Ctrl-C keeps what is done, and the same command goes on from there. Nothing is written to the server.
    """
    config = settings_of(ctx)
    server = named_server(config)
    from tui.headless.memory.syncing import sync_from

    with opened_store(ctx) as store, opened_embedder(config) as embedder:
        to_the_end(lambda: sync_from(server, store, top, embedder, replace))


@memory.command()
@click.argument("id")
@click.argument("temperature", type=_HEAT)
@click.pass_context
def heat(ctx: click.Context, id: str, temperature: float) -> None:
    """Set the memory ID to TEMPERATURE, 0 to 100: above 85 nothing else does."""
    from tui.headless.memory.keeping import heat as warm

    with opened_store(ctx, make=False) as store:
        warm(store, id, temperature)


@memory.command()
@click.argument("id")
@click.pass_context
def forget(ctx: click.Context, id: str) -> None:
    """Delete the memory ID; one of the server's is hidden here and stays there."""
    from tui.headless.memory.keeping import forget as drop

    with opened_store(ctx, make=False) as store:
        drop(store, id)


@memory.command()
@click.pass_context
def embed(ctx: click.Context) -> None:
    """Make the embeddings that are missing, so that memories are found by meaning.

    Ctrl-C keeps what is done.
    """
    from tui.headless.memory.embedding import embed_missing

    config = settings_of(ctx)
    with opened_store(ctx, make=False) as store, opened_embedder(config) as embedder:
        if embedder is None:
            raise Failure(no_embedder(config), FAILED)
        made = embedder
        to_the_end(lambda: embed_missing(store, made))


def queue_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where work that coding is learned from is read."""
    for option in (
        click.option(
            "--files",
            metavar="DIR",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="Files that the queue names are read beneath DIR. Default: none are.",
        ),
        click.option(
            "--queue",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Rows of jr_work_queue as JSONL. Default: the server's, when one is named.",
        ),
    ):
        command = option(command)
    return command


@memory.command()
@click.option("--domain", required=True, type=click.Choice(("legal", "coding", "cherokee")))
@click.option("--min-temperature", "hot", type=_HEAT, help="Default: the domain's, 70 for legal and 60 else.")
@click.option("--sacred", is_flag=True, help="Sacred memories too; without, they are counted only.")
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Default: standard output.")
@queue_options
@click.pass_context
def extract(ctx: click.Context, /, domain: str, queue: Path | None, files: Path | None, **how: Any) -> None:
    """Write what can be learned of a domain: JSONL for tui modes train --data.

    A conversation a line. Which rule matched, and what was left out and why, is told on standard error.
    """
    from tui.headless.memory.extracting import extract_domain
    from tui.headless.memory.work import work_of

    config = settings_of(ctx)
    with opened_store(ctx, make=False) as store:
        work = work_of(queue, config) if domain == "coding" else None
        if not extract_domain(store.memories(), domain, work, files, **how):
            raise Failure(f"there is nothing to learn of {domain}: nothing was written", FAILED)


@memory.command()
@queue_options
@json_option
@click.pass_context
def audit(ctx: click.Context, queue: Path | None, files: Path | None, as_json: bool) -> None:
    """Say whether there is enough to learn from: per domain good, thin or missing, and by which rule."""
    from tui.headless.memory.auditing import audit_memories
    from tui.headless.memory.work import work_of

    config = settings_of(ctx)
    with opened_store(ctx, make=False) as store:
        audit_memories(store.memories(), work_of(queue, config), files, as_json)
