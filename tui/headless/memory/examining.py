"""The lines of `tui doctor` on memories: the store, what makes embeddings, the server that is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from memory.contract import EmbedderUnavailable, MemoryTrouble
from memory.sqlite.statistics import Stats
from tui.core.config import Config
from tui.core.paths import PathUnusable, memories_file
from tui.core.remembering import embedder_of, open_store, server_of, server_shown
from tui.core.secret import without_password
from tui.headless.findings import Finding

_INSTALL = "pip install 'modeshare[memory]', or name a service (embedder)"


def remembered(config: Config, data: Path) -> Iterator[Finding]:
    """The store is opened where there is one, and the server asked where one is named; no model is loaded."""
    if config.memory == "off":
        yield Finding("memory", 'off: memory = "off" is set, nothing is recalled')
    yield _store(config, data)
    yield _embedder(config)
    yield from _server(config)


def _store(config: Config, data: Path) -> Finding:
    file = memories_file(data)
    if not file.exists():
        return Finding("memories", f"none yet; they will be kept in {file}")
    try:
        with closing(open_store(data, make=False)) as store:
            stats = store.stats()
    except (MemoryTrouble, PathUnusable) as error:
        return Finding("memories", str(error), False, "see the message above; conversations go on without")
    vectors = ", ".join(f"{count:,} vectors by {name}" for name, (count, _) in stats.models.items())
    text = f"{stats.memories:,} in {file}, {stats.bytes / 1e6:,.1f} MB, {vectors or 'no vectors'}"
    lacking = stats.recallable - _usable(config, stats)
    if lacking > 0:
        return Finding("memories", text, remedy=f"{lacking:,} are found by keywords only: tui memory embed")
    return Finding("memories", text)


def _usable(config: Config, stats: Stats) -> int:
    """How many have a vector of the model that embeds questions; where none does, the most of any model."""
    with suppress(EmbedderUnavailable):
        embedder = embedder_of(config)
        if embedder is not None:
            return stats.models.get(embedder.model, (0, 0))[0]
    return max((count for count, _ in stats.models.values()), default=0)


def _embedder(config: Config) -> Finding:
    embedder = embedder_of(config)
    if embedder is None:
        text = "none: memories are found by keywords"
        return Finding("embedder", text, remedy=None if config.embedder == "off" else _INSTALL)
    try:
        if config.embedder not in (None, "local"):
            address = without_password(str(config.embedder))
            return Finding("embedder", f"{embedder.model} at {address}, {embedder.dim:,} dimensions")
        return Finding("embedder", f"{embedder.model}, on this machine")
    except EmbedderUnavailable as error:
        return Finding("embedder", str(error), False, "memories are found by keywords meanwhile")
    finally:
        if close := getattr(embedder, "close", None):
            close()


def _server(config: Config) -> Iterator[Finding]:
    server = server_of(config)
    if server is None:
        return
    from memory.postgres.source import ServerSource

    shown = server_shown(config)
    try:
        with closing(ServerSource.connect(server)) as source:
            source.by_id([""], None)
    except MemoryTrouble as error:
        yield Finding("memory server", str(error), False, "memories come from this machine meanwhile")
        return
    yield Finding("memory server", f"{shown}, table {config.memory_table}: reachable")
