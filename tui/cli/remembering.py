"""What commands on memories open, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from tui.cli.endings import INTERRUPTED, USAGE, Failure
from tui.cli.options import configured

if TYPE_CHECKING:
    from memory.contract import Embedder
    from memory.postgres.server import Server
    from memory.sqlite.store import MemoryStore
    from tui.core.config import Config


def settings_of(ctx: click.Context) -> Config:
    """The settings under the flags before the command. Raises `ConfigError`."""
    return configured(ctx.find_root().obj or {})


_T = TypeVar("_T")


@contextmanager
def opened_store(ctx: click.Context, make: bool = True) -> Iterator[MemoryStore]:
    """The local store; without ``make`` one in memory where there is none. Raises `MemoryUnavailable`."""
    from tui.core.paths import data_dir
    from tui.core.remembering import open_store

    store = open_store(data_dir(), make)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_embedder(config: Config) -> Iterator[Embedder | None]:
    """What the settings name, ended with the command; None for keywords alone."""
    from tui.core.remembering import embedder_of

    embedder = embedder_of(config)
    try:
        yield embedder
    finally:
        if close := getattr(embedder, "close", None):
            close()


def named_server(config: Config) -> Server:
    """Raises `Failure` where none is named."""
    from tui.core.remembering import server_of

    server = server_of(config)
    if server is None:
        raise Failure(
            "no server is named: set memory_server (MODESHARE_MEMORY_SERVER) to "
            'postgresql://USER@HOST/DATABASE, or memory = "postgres" to go by PG* variables',
            USAGE,
        )
    return server


def no_embedder(config: Config) -> str:
    """Why there is none, and what to do."""
    if config.embedder == "off":
        return 'embedder = "off" is set: nothing makes embeddings; leave it out, or name a service'
    return (
        "nothing that makes embeddings is installed (pip install 'modeshare[memory]'), "
        "and embedder names no service: memories are found by keywords"
    )


def to_the_end(work: Callable[[], _T]) -> _T:
    """Do ``work``, of which what was done is kept when the operator interrupts it."""
    try:
        return work()
    except KeyboardInterrupt:
        raise Failure("interrupted: what was done is kept, the same command goes on", INTERRUPTED) from None
