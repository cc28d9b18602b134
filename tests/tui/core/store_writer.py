"""A program that writes into a store until it is killed, saying beforehand what it does and then that it did.

It forks a writer for every line that it reads, so that a killed one costs no start of Python.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from tests.tui.core.ledger import Ledger, Operation, on_disk
from tui.core.conversation import Provenance
from tui.core.store import Store, answers, branches, deletion, finding, search, tree

#: Here before a writer is forked off, which has milliseconds to live.
STATEMENTS = (answers, branches, finding, search, tree)
PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")


def say(**words: object) -> None:
    os.write(1, json.dumps(words).encode() + b"\n")


class Writer:
    """One life: random operations, each announced and confirmed."""

    def __init__(self, path: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.ledger = on_disk(path) if path.exists() else Ledger()
        purging = self.dice.random() < 0.2
        if purging:
            deletion.KEPT = -60.0  # all that is deleted is due
            say(will=["purge"])
        self.store = Store.open(path)
        if purging:
            say(did="")
            self.ledger = on_disk(path)
        deletion.KEPT = 3600.0

    def do(self, *operation: str) -> str:
        """One operation, announced before and confirmed after; the id of what it made."""
        say(will=operation)
        new = self._make(list(operation))
        say(did=new)
        self.ledger.apply(list(operation), new)
        return new

    def _make(self, operation: Operation) -> str:
        store = self.store
        match operation:
            case ["create"]:
                return store.create().id
            case ["question", talk, text]:
                return store.add_question(talk, self.ledger.talks[talk].head, text).id
            case ["begin", talk]:
                return store.begin_answer(talk, str(self.ledger.talks[talk].head), PLAIN).id
            case ["save", node, text]:
                store.save_partial(node, text, f"thought {text}")
            case ["finish", node, text]:
                how: dict[str, Any] = {"thinking": f"thought {text}", "status": "done", "usage": None}
                store.finish_answer(node, text=text, **how)
            case ["rename", talk, title]:
                store.rename(talk, title)
            case ["delete", talk]:
                store.delete(talk)
            case ["undelete", talk]:
                store.undelete(talk)
            case ["fork", node, _]:
                return store.fork(node).id
        return ""

    def turn(self, talk: str) -> None:
        """A question and its answer, in several saves."""
        word = f"{self.dice.random():.9f}"
        self.do("question", talk, f"question {word}")
        answer = self.do("begin", talk)
        text = ""
        for _ in range(self.dice.randrange(4)):
            text += f"{word} " * self.dice.randrange(1, 60)
            self.do("save", answer, text)
            time.sleep(0.001)
        self.do("finish", answer, f"{text}end")

    def live(self) -> None:
        """Write until killed."""
        while True:
            there = [key for key, talk in self.ledger.talks.items() if not talk.deleted]
            gone = [key for key, talk in self.ledger.talks.items() if talk.deleted]
            roll = self.dice.random()
            if not there or roll < 0.1:
                self.turn(self.do("create"))
            elif roll < 0.6:
                self.turn(self.dice.choice(there))
            elif roll < 0.7:
                self.do("rename", self.dice.choice(there), f"title {roll}")
            elif roll < 0.8 and self.ledger.said:
                node = self.dice.choice(list(self.ledger.said))
                source = self.ledger.talks[self.ledger.said[node].talk].title
                self.do("fork", node, "fork of " + source.removeprefix("fork of "))
            elif roll < 0.9:
                self.do("delete", self.dice.choice(there))
            elif gone:
                self.do("undelete", self.dice.choice(gone))
            time.sleep(0.001)


def main() -> None:
    say(ready=os.getpid())
    for line in sys.stdin:
        path, seed = json.loads(line)
        child = os.fork()
        if child == 0:
            say(writer=os.getpid())
            Writer(Path(path), seed).live()
        os.waitpid(child, 0)
        say(over=child)


if __name__ == "__main__":
    main()
