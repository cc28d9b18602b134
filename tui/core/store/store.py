"""The conversations on disk, one tree of messages under many named heads.

It must not know the engine that writes answers, nor the screen that shows them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.store.errors import translated
from tui.core.store.opening import Opened, open_file, open_memory
from tui.core.store.schema import snapshot, transaction

if TYPE_CHECKING:
    from engine.contract import Usage
    from tui.core.conversation import Conversation, Hit, Node, Provenance, Recollection, Status

    # `Store.list` hides the builtin inside the class.
    Conversations = list[Conversation]
    Hits = list[Hit]
    Ids = list[str]
    Nodes = list[Node]

_FORK = "fork of "


class Store:
    """Every method may be called from any thread; any may raise `StoreError`.

    A method that returns has its change on the disk: a program killed afterwards does not lose it.
    Each imports the statements that it runs, because a start runs none of them.
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

    def backup(self, file: Path) -> None:
        """Write all of this moment into the new file ``file``, while others may go on writing.

        Raises `CopyError`, also when ``file`` is there already.
        """
        from tui.core.store import copying

        with self._lock:
            copying.backup(self._db, file)

    def close(self) -> None:
        """End the use of the store; no other method may be called afterwards."""
        with self._lock:
            self._opened.close()

    # Conversations

    def create(self, mode: str = "base") -> Conversation:
        """A conversation without a title, which it gets from its first question."""
        from tui.core.store import tree

        with self._writing() as db:
            return tree.new_conversation(db, "", mode, None)

    def get(self, ref: str) -> Conversation:
        """The conversation of that id, or of a prefix that only it has. Raises `NoSuchConversation`."""
        from tui.core.store import finding

        with self._reading() as db:
            return finding.get(db, ref)

    def latest(self) -> Conversation | None:
        """The conversation last written to, or None when no message was ever written."""
        return next(iter(self.list(1)), None)

    def list(self, limit: int = 100) -> Conversations:
        """Conversations that have a message, the last written to first."""
        from tui.core.store import finding

        with self._reading() as db:
            return finding.listed(db, limit)

    def deleted(self) -> Conversations:
        """Conversations that `undelete` can bring back, the last deleted first."""
        from tui.core.store import finding

        with self._reading() as db:
            return finding.deleted(db)

    def search(self, query: str, limit: int = 50) -> Hits:
        """Conversations with a title or message that has all words of ``query``, newest first.

        Nothing in ``query`` is an operator; its last word may be the beginning of one. An answer is found
        once it is finished, or was cut off by the end of its program.
        """
        from tui.core.store.search import search

        with self._reading() as db:
            return search(db, query, limit)

    def rename(self, conversation: str, title: str) -> None:
        """Raises `NoSuchConversation`."""
        from tui.core.store import tree

        with self._writing() as db:
            tree.set_title(db, conversation, title)

    def set_mode(self, conversation: str, mode: str) -> None:
        """Raises `NoSuchConversation`."""
        from tui.core.store import rows, tree

        with self._writing() as db:
            tree.conversation(db, conversation)
            db.execute("UPDATE conversation SET mode = ? WHERE id = ?", (rows.storable(mode), conversation))

    def set_head(self, conversation: str, node: str) -> None:
        """Stand elsewhere in the tree. Raises `NoSuchConversation`; `StoreError` for an unknown message."""
        from tui.core.store import tree

        with self._writing() as db:
            tree.conversation(db, conversation)
            tree.message(db, node)
            db.execute("UPDATE conversation SET head = ? WHERE id = ?", (node, conversation))

    def delete(self, conversation: str) -> None:
        """Hide a conversation from `get`, `list`, `latest` and `search`; `undelete` brings it back.

        After 30 days it is removed for good, except for messages that a fork of it shows. An answer that
        is being written in it is still saved. Raises `NoSuchConversation`.
        """
        from tui.core.store import deletion

        with self._writing() as db:
            deletion.delete(db, conversation)

    def undelete(self, ref: str) -> Conversation:
        """Bring back what was deleted, named as for `get`; no change to one that is there.

        Raises `NoSuchConversation`, also for one that was removed for good.
        """
        from tui.core.store import deletion, finding

        with self._writing() as db:
            return deletion.undelete(db, finding.get(db, ref, deleted=True).id)

    def fork(self, node: str) -> Conversation:
        """A new conversation that goes on from ``node`` in the same mode, sharing all that led there."""
        from tui.core.conversation import SHORT_ID
        from tui.core.store import tree

        with self._writing() as db:
            _, message = tree.message(db, node)
            source = tree.any_conversation(db, message.conversation)
            title = _FORK + (source.title.removeprefix(_FORK) or source.id[:SHORT_ID])
            return tree.new_conversation(db, title, source.mode, node)

    # Messages

    def add_question(self, conversation: str, parent: str | None, content: str) -> Node:
        """Ask after ``parent`` (None: as a first message) and move the head there.

        With the parent of an earlier question it is an edit of that one: a branch beside it. Raises
        `NoSuchConversation`; `StoreError` for an unknown parent.
        """
        from tui.core.store import rows, tree
        from tui.core.store.search import index

        content = rows.storable(content)
        with self._writing() as db:
            seq, node = tree.message(db, tree.add_message(db, conversation, parent, "user", content))
            index(db, seq, content)
            if not tree.conversation(db, conversation).title:
                tree.set_title(db, conversation, rows.title_of(content))
            return node

    def begin_answer(self, conversation: str, parent: str, provenance: Provenance) -> Node:
        """An empty answer, "streaming" and owned by this process, with the head moved there.

        Under a question that has an answer it is a branch beside that one. Raises `NoSuchConversation`;
        `StoreError` for an unknown parent.
        """
        from tui.core.store import answers
        from tui.core.store.recovery import Owner

        owner = Owner.this_process()
        with self._writing() as db:
            return answers.begin(db, conversation, parent, provenance, owner)

    def remember(self, node: str, memories: Recollection) -> None:
        """Keep what the answer ``node`` is written with. Raises `StoreError` for an unknown one."""
        from tui.core.store import answers

        with self._writing() as db:
            answers.remember(db, node, memories)

    def save_partial(self, node: str, text: str, thinking: str) -> None:
        """Keep what there is of an answer; one that is already finished stays as it is."""
        from tui.core.store import answers

        with self._writing() as db:
            answers.save_partial(db, node, text, thinking)

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
        from tui.core.store import answers

        end = answers.End(text, thinking, status, usage, provenance, error)
        with self._writing() as db:
            return answers.finish(db, node, end)

    def path(self, node: str) -> Nodes:
        """The messages from the root to ``node``, across forks. Raises `StoreError` for an unknown one."""
        from tui.core.store import tree

        with self._reading() as db:
            return tree.path(db, node)

    def children(self, node: str | None, conversation: str) -> Nodes:
        """The branches after ``node``, oldest first, those of forks among them.

        For None the first messages of ``conversation``, which is not looked at otherwise.
        """
        from tui.core.store import branches

        with self._reading() as db:
            return branches.children(db, node, conversation)

    def siblings(self, node: str, conversation: str) -> Nodes:
        """The versions of ``node`` that ``conversation`` knows, oldest first, itself among them.

        Its own, and for a fork those that were there when it was made. Raises `StoreError` for an unknown
        message, `NoSuchConversation`.
        """
        from tui.core.store import branches

        with self._reading() as db:
            return branches.siblings(db, node, conversation)

    def branched(self, node: str) -> Ids:
        """The messages from ``node`` up to the root that may have `siblings`; all others have none."""
        from tui.core.store import branches

        with self._reading() as db:
            return branches.branched(db, node)

    def leaf(self, node: str, conversation: str) -> Node:
        """The newest message after ``node`` that ``conversation`` knows, or ``node`` itself.

        It is where to stand when going to another of the `siblings`. Raises as `siblings` does.
        """
        from tui.core.store import branches

        with self._reading() as db:
            return branches.leaf(db, node, conversation)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._opened.path), transaction(self._db):
            yield self._db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._opened.path), snapshot(self._db):
            yield self._db
