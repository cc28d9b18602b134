"""What a store must hold after a list of operations, kept beside it in plain dictionaries.

The writer that is killed (`store_writer`) and the test that looks at what it left share these words.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tui.core.store.rows import title_of

#: ``["rename", talk, title]`` and so on: a verb, what it is done to, and a text.
Operation = list[str]


class Talk(NamedTuple):
    title: str
    head: str | None
    deleted: bool


class Said(NamedTuple):
    parent: str | None
    talk: str
    content: str
    thinking: str
    status: str


@dataclass
class Ledger:
    """Conversations and messages by id."""

    talks: dict[str, Talk] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)

    def copy(self) -> Ledger:
        return Ledger(dict(self.talks), dict(self.said))

    def apply(self, operation: Operation, new: str) -> None:
        """Do ``operation``; ``new`` is the id of what it makes, if it makes something."""
        verb, *rest = operation
        getattr(self, verb)(new, *rest)

    def create(self, new: str) -> None:
        self.talks[new] = Talk("", None, False)

    def question(self, new: str, talk: str, text: str) -> None:
        there = self.talks[talk]
        self.said[new] = Said(there.head, talk, text, "", "done")
        self.talks[talk] = there._replace(head=new, title=there.title or title_of(text))

    def begin(self, new: str, talk: str) -> None:
        there = self.talks[talk]
        self.said[new] = Said(there.head, talk, "", "", "streaming")
        self.talks[talk] = there._replace(head=new)

    def save(self, _new: str, node: str, text: str) -> None:
        self.said[node] = self.said[node]._replace(content=text, thinking=f"thought {text}")

    def finish(self, _new: str, node: str, text: str) -> None:
        ended = self.said[node]._replace(content=text, thinking=f"thought {text}", status="done")
        self.said[node] = ended

    def rename(self, _new: str, talk: str, title: str) -> None:
        self.talks[talk] = self.talks[talk]._replace(title=title)

    def delete(self, _new: str, talk: str) -> None:
        self.talks[talk] = self.talks[talk]._replace(deleted=True)

    def undelete(self, _new: str, talk: str) -> None:
        self.talks[talk] = self.talks[talk]._replace(deleted=False)

    def fork(self, new: str, node: str, title: str) -> None:
        self.talks[new] = Talk(title, node, False)

    def purge(self, _new: str) -> None:
        left = {key: talk for key, talk in self.talks.items() if not talk.deleted}
        wanted = [talk.head for talk in left.values()]
        wanted += [key for key, one in self.said.items() if one.talk in left]
        needed: set[str] = set()
        while wanted:
            key = wanted.pop()
            if key is not None and key not in needed:
                needed.add(key)
                wanted.append(self.said[key].parent)
        self.talks = left
        self.said = {key: one for key, one in self.said.items() if key in needed}

    def ended(self) -> Ledger:
        """After the program died: what was being written is interrupted. Owners of messages do not count."""
        status = {"streaming": "interrupted"}
        said = {
            key: one._replace(talk="", status=status.get(one.status, one.status))
            for key, one in self.said.items()
        }
        return Ledger(dict(self.talks), said)


def on_disk(path: Path) -> Ledger:
    """The ledger that the file holds. Fails when any part of the file does not fit the rest."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.execute("INSERT INTO passage (passage) VALUES ('integrity-check')")
        found = {place for (place,) in db.execute("SELECT rowid FROM passage")}
        due = {seq for (seq,) in db.execute("SELECT seq FROM message")}
        due |= {-seq for (seq,) in db.execute("SELECT seq FROM conversation WHERE title != ''")}
        assert found == due, "search knows every message and title, and nothing else"
        talks = db.execute("SELECT id, title, head, deleted_at IS NOT NULL FROM conversation")
        said = db.execute("SELECT id, parent, conversation, content, thinking, status FROM message")
        return Ledger(
            {key: Talk(title, head, bool(gone)) for key, title, head, gone in talks},
            {key: Said(*rest) for key, *rest in said},
        )
