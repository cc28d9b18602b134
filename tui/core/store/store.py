"""The conversations on disk, one tree of messages under many named heads.

It must not know the engine that writes answers, nor the screen that shows them.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from engine.contract import Usage
from tui.core.conversation import Conversation, Hit, Node, Provenance, Status
from tui.core.store import tree
from tui.core.store.errors import NoSuchConversation, translated
from tui.core.store.opening import Opened, open_file, open_memory
from tui.core.store.recovery import Owner
from tui.core.store.rows import conversation_of, node_of, storable, title_of, to_json
from tui.core.store.schema import snapshot, transaction
from tui.core.store.search import index, search

SHORT_ID = 8

# `Store.list` hides the builtin inside the class.
Conversations = list[Conversation]
Hits = list[Hit]
Nodes = list[Node]

_FORK = "fork of "


class Store:
    """Every method may be called from any thread; any may raise `StoreError`.

    A method that returns has its change on the disk: a program killed afterwards does not lose it.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._db = opened.db
        self._lock = threading.Lock()

    @staticmethod
    def open(path: Path | None) -> Store:
        """Open or make the file ``path`` (None: in memory), ending answers that dead programs left.

        Raises `StoreUnusable`, `StoreFull`, or `StoreError` when another program holds the file.
        """
        return Store(open_memory() if path is None else open_file(path))

    @property
    def notice(self) -> str | None:
        """What the operator should know of this start: a damaged file was set aside, and where."""
        return self._opened.notice

    def close(self) -> None:
        """End the use of the store; no other method may be called afterwards."""
        with self._lock:
            self._opened.close()

    # Conversations

    def create(self, mode: str = "base") -> Conversation:
        """A conversation without a title, which it gets from its first question."""
        with self._writing() as db:
            return tree.new_conversation(db, "", mode, None)

    def get(self, ref: str) -> Conversation:
        """The conversation of that id, or of a prefix that only it has. Raises `NoSuchConversation`."""
        prefix = ref.strip().lower()
        with self._reading() as db:
            # Ids are hexadecimal, so all that begin with the prefix sort before prefix + "g".
            found = db.execute(
                "SELECT * FROM conversation WHERE id >= ? AND id < ? || 'g' "
                "ORDER BY updated_at DESC, seq DESC LIMIT 6",
                (storable(prefix), storable(prefix)),
            ).fetchall()
        if len(found) == 1 and prefix:
            return conversation_of(found[0])
        if found and prefix:
            listed = _described([conversation_of(row) for row in found])
            raise NoSuchConversation(
                f"{ref!r} is the start of several conversations ({listed}): give more of it"
            )
        latest = _described(self.list(5)) or "none yet"
        raise NoSuchConversation(
            f"no conversation {ref!r}: give the id of one that exists (latest: {latest})"
        )

    def latest(self) -> Conversation | None:
        """The conversation last written to, or None when no message was ever written."""
        return next(iter(self.list(1)), None)

    def list(self, limit: int = 100) -> Conversations:
        """Conversations that have a message, the last written to first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM conversation WHERE head IS NOT NULL "
                "ORDER BY updated_at DESC, seq DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [conversation_of(row) for row in rows]

    def search(self, query: str, limit: int = 50) -> Hits:
        """Conversations with a title or message that has all words of ``query``, newest first.

        Nothing in ``query`` is an operator; its last word may be the beginning of one. An answer is found
        once it is finished, or was cut off by the end of its program.
        """
        with self._reading() as db:
            return search(db, query, limit)

    def rename(self, conversation: str, title: str) -> None:
        """Raises `NoSuchConversation`."""
        with self._writing() as db:
            tree.set_title(db, conversation, title)

    def set_mode(self, conversation: str, mode: str) -> None:
        """Raises `NoSuchConversation`."""
        with self._writing() as db:
            tree.conversation(db, conversation)
            db.execute("UPDATE conversation SET mode = ? WHERE id = ?", (storable(mode), conversation))

    def set_head(self, conversation: str, node: str) -> None:
        """Stand elsewhere in the tree. Raises `NoSuchConversation`; `StoreError` for an unknown message."""
        with self._writing() as db:
            tree.conversation(db, conversation)
            tree.message(db, node)
            db.execute("UPDATE conversation SET head = ? WHERE id = ?", (node, conversation))

    def fork(self, node: str) -> Conversation:
        """A new conversation that goes on from ``node`` in the same mode, sharing all that led there."""
        with self._writing() as db:
            _, message = tree.message(db, node)
            source = tree.conversation(db, message.conversation)
            title = _FORK + (source.title.removeprefix(_FORK) or source.id[:SHORT_ID])
            return tree.new_conversation(db, title, source.mode, node)

    # Messages

    def add_question(self, conversation: str, parent: str | None, content: str) -> Node:
        """Ask after ``parent`` (None: as a first message) and move the head there.

        With the parent of an earlier question it is an edit of that one: a branch beside it. Raises
        `NoSuchConversation`; `StoreError` for an unknown parent.
        """
        content = storable(content)
        with self._writing() as db:
            seq, node = tree.message(db, tree.add_message(db, conversation, parent, "user", content))
            index(db, seq, content)
            if not tree.conversation(db, conversation).title:
                tree.set_title(db, conversation, title_of(content))
            return node

    def begin_answer(self, conversation: str, parent: str, provenance: Provenance) -> Node:
        """An empty answer, "streaming" and owned by this process, with the head moved there.

        Under a question that has an answer it is a branch beside that one. Raises `NoSuchConversation`;
        `StoreError` for an unknown parent.
        """
        owner = Owner.this_process()
        with self._writing() as db:
            node = tree.add_message(db, conversation, parent, "assistant", "")
            db.execute(
                "UPDATE message SET status = 'streaming', provenance = ?, owner_pid = ?, owner_started = ? "
                "WHERE id = ?",
                (to_json(provenance), owner.pid, owner.started, node),
            )
            return tree.message(db, node)[1]

    def save_partial(self, node: str, text: str, thinking: str) -> None:
        """Keep what there is of an answer; one that is already finished stays as it is."""
        with self._writing() as db:
            saved = db.execute(
                "UPDATE message SET content = ?, thinking = ? "
                "WHERE id = ? AND status IN ('streaming', 'interrupted')",
                (storable(text), storable(thinking), node),
            )
            if not saved.rowcount:
                tree.message(db, node)

    def finish_answer(
        self,
        node: str,
        *,
        text: str,
        thinking: str,
        status: Status,
        usage: Usage | None,
        provenance: Provenance | None = None,
        error: str | None = None,
    ) -> Node:
        """The answer as it stays. ``provenance`` None keeps the one that it began with."""
        text = storable(text)
        now = time.time()
        with self._writing() as db:
            seq, begun = tree.message(db, node)
            db.execute(
                "UPDATE message SET content = ?, thinking = ?, status = ?, usage = ?, error = ?, "
                "provenance = coalesce(?, provenance), owner_pid = NULL, owner_started = NULL WHERE id = ?",
                (
                    text,
                    storable(thinking),
                    status,
                    to_json(usage),
                    None if error is None else storable(error),
                    to_json(provenance),
                    node,
                ),
            )
            index(db, seq, text)
            db.execute("UPDATE conversation SET updated_at = ? WHERE id = ?", (now, begun.conversation))
            return tree.message(db, node)[1]

    def path(self, node: str) -> Nodes:
        """The messages from the root to ``node``, across forks. Raises `StoreError` for an unknown one."""
        with self._reading() as db:
            return tree.path(db, node)

    def children(self, node: str | None, conversation: str) -> Nodes:
        """The branches after ``node``, oldest first, those of forks among them.

        For None the first messages of ``conversation``, which is not looked at otherwise.
        """
        with self._reading() as db:
            if node is None:
                rows = db.execute(
                    "SELECT * FROM message WHERE parent IS NULL AND conversation = ? ORDER BY seq",
                    (conversation,),
                ).fetchall()
            else:
                rows = db.execute("SELECT * FROM message WHERE parent = ? ORDER BY seq", (node,)).fetchall()
        return [node_of(row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._opened.path), transaction(self._db):
            yield self._db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._opened.path), snapshot(self._db):
            yield self._db


def _described(conversations: Conversations) -> str:
    """Short ids with dates and no titles: those are private, and this goes into an error."""
    return ", ".join(
        f"{one.id[:SHORT_ID]} of {datetime.fromtimestamp(one.updated_at):%Y-%m-%d %H:%M}"
        for one in conversations
    )
