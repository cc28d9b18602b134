"""Two programs on one store: each sees what the other did, and a deletion loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tui.core.conversation import Provenance
from tui.core.store import ConversationDeleted, Store

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")

# Does what each line says, [method, arguments], and prints what came of it.
OTHER = """
import json, sys
from pathlib import Path
from tui.core.store import Store, StoreError
store = Store.open(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    method, arguments = json.loads(line)
    try:
        made = getattr(store, method)(*arguments)
        if isinstance(made, list):
            print([getattr(one, "content", getattr(one, "title", one)) for one in made], flush=True)
        else:
            print(getattr(made, "id", made), flush=True)
    except StoreError as error:
        print("refused:", error, flush=True)
"""


class Other:
    """A second program with the store open."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def __call__(self, method: str, *arguments: object) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([method, arguments]) + "\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conversations.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store.open(path)) as opened:
        yield opened


@pytest.fixture
def other(path: Path, store: Store) -> Iterator[Other]:
    assert store.notice is None
    program = Other(path)
    yield program
    program.process.kill()
    program.process.communicate()


def test_both_write_and_each_sees_the_others_at_once(store: Store, other: Other) -> None:
    mine = store.create()
    asked = store.add_question(mine.id, None, "mine")
    theirs = other("create")
    other("add_question", theirs, None, "theirs")
    assert [talk.title for talk in store.list()] == ["theirs", "mine"]
    assert other("list") == "['theirs', 'mine']"
    other("add_question", mine.id, asked.id, "from the other")
    head = str(store.get(mine.id).head)
    assert [node.content for node in store.path(head)] == ["mine", "from the other"]
    assert store.search("other")[0].conversation.id == mine.id


def test_two_questions_after_the_same_message_are_two_branches(store: Store, other: Other) -> None:
    talk = store.create()
    asked = store.add_question(talk.id, None, "first")
    store.add_question(talk.id, asked.id, "mine")
    other("add_question", talk.id, asked.id, "theirs")
    assert [node.content for node in store.children(asked.id, talk.id)] == ["mine", "theirs"]


def test_what_the_other_deleted_is_said_and_nothing_of_an_open_answer_is_lost(
    store: Store, other: Other
) -> None:
    talk = store.create()
    asked = store.add_question(talk.id, None, "open here")
    answer = store.begin_answer(talk.id, asked.id, PLAIN)
    other("delete", talk.id)
    store.save_partial(answer.id, "half", "")
    ended = store.finish_answer(answer.id, text="whole", thinking="", status="done", usage=None)
    assert [node.content for node in store.path(ended.id)] == ["open here", "whole"], "it stays on the screen"
    with pytest.raises(ConversationDeleted, match="was deleted, perhaps by another program: undo that"):
        store.add_question(talk.id, ended.id, "and now?")
    assert store.list() == []
    store.undelete(talk.id)
    assert other("list") == "['open here']"
    assert store.add_question(talk.id, ended.id, "and now?").content == "and now?"


def test_what_both_delete_is_refused_to_the_second_in_words(store: Store, other: Other) -> None:
    talk = store.create()
    store.add_question(talk.id, None, "open here")
    store.delete(talk.id)
    assert other("delete", talk.id).startswith(f"refused: conversation '{talk.id}' was deleted")
    assert other("get", talk.id[:8]).startswith(f"refused: conversation '{talk.id[:8]}' was deleted")
