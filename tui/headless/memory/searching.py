"""``tui memory search``: what a question would recall, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress

from memory.contract import Embedder, EmbedderUnavailable, Source
from memory.recall.recall import Recall
from memory.recalled import Policy, Profile, Recalled
from memory.sqlite.store import MemoryStore
from tui.core.config import Config
from tui.core.notices import Notices
from tui.core.remembering import server_of
from tui.headless.report import write_json, write_line, write_rows

SCHEMA = 1
#: Characters of a memory that a row shows.
_EXCERPT = 160


def search(  # noqa: PLR0913 - the options of the command
    source: Source,
    embedder: Embedder | None,
    text: str,
    as_json: bool,
    *,
    domains: tuple[str, ...],
    limit: int,
    profile: Profile,
    sacred: bool,
) -> None:
    """Recall for ``text`` and show it. Notes go to standard error."""
    notices = Notices()
    if embedder is not None:
        _load(embedder, notices)
    policy = Policy(domains, limit, profile, sacred)
    found = Recall(source, embedder).recall(text, policy)
    if as_json:
        write_json(as_object(found))
        return
    for note in found.notes:
        notices.say(note)
    if not found.shown:
        write_line("nothing is near enough to that" if found.abstained else "nothing is remembered of that")
        return
    head = ("id", "stage", "temp", "relevance", "domain", "")
    rows = [
        (
            f"#{one.id}",
            one.stage,
            f"{one.temperature:.0f}",
            f"{one.relevance:.2f}",
            one.domain or "-",
            _excerpt(one.content),
        )
        for one in found.shown
    ]
    write_rows([head, *rows])


@contextmanager
def searched(
    config: Config, store: MemoryStore, embedder: Embedder | None
) -> Iterator[tuple[Source, Embedder | None]]:
    """What is searched, and ``embedder`` if that has vectors of its model: else it need not be loaded.

    As in a conversation: with memories on postgres a server too, unless it does not answer, which is said.
    """
    server = server_of(config) if config.memory == "postgres" else None
    if server is None:
        yield store, _usable(embedder, store.stats().models)
        return
    from memory.joined import Joined
    from memory.postgres.source import ServerSource

    with closing(ServerSource.connect(server)) as there:
        both = Joined(store, there)
        both.by_id([""], None)
        theirs = {server.vectors: (1, 0)} if server.vectors and both.trouble is None else {}
        if both.trouble is not None:
            Notices().say(f"{both.trouble} What is here is searched.")
        yield both, _usable(embedder, {**store.stats().models, **theirs})


def _usable(embedder: Embedder | None, models: Mapping[str, tuple[int, int]]) -> Embedder | None:
    try:
        if embedder is None or models.get(embedder.model, (0, 0))[0]:
            return embedder
    except EmbedderUnavailable:
        return embedder  # the recall says why
    Notices().say("by keywords only: nothing has an embedding by this model yet (tui memory embed)")
    return None


def as_object(found: Recalled) -> dict[str, object]:
    """The outcome as programs read it; ``memories`` as in the answer of ``tui ask --json``."""
    return {
        "schema": SCHEMA,
        "memories": [
            {
                "id": one.id,
                "temperature": round(one.temperature, 1),
                "stage": one.stage,
                "relevance": round(one.relevance, 3),
                "domain": one.domain,
                "text": one.content,
            }
            for one in found.shown
        ],
        "abstained": found.abstained,
        "notes": list(found.notes),
        "milliseconds": round(found.milliseconds, 1),
    }


def _load(embedder: Embedder, notices: Notices) -> None:
    """A conversation does not wait for the embedding model; who searches from a command line does."""
    notices.progress("loading the embedding model")
    with suppress(EmbedderUnavailable):  # the recall says so
        _ = embedder.dim
    notices.clear()


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"
