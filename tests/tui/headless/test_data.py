"""``tui data``: everything backed up, removed, brought back and found again, as docs/data.md says."""

from __future__ import annotations

import os
import pty
from contextlib import closing
from pathlib import Path

import pytest

from tests.tui.program import Program, outcome, read_until
from tui.core.conversation import Provenance
from tui.core.paths import our_data
from tui.core.store import Store

PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")


@pytest.fixture
def filled(program: Program) -> Program:
    """A program with two conversations, one of them forked, and one deleted."""
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        for word in ("apples", "pears", "plums"):
            talk = store.create("legal")
            asked = store.add_question(talk.id, None, f"Tell me of {word}.")
            begun = store.begin_answer(talk.id, asked.id, PLAIN)
            store.finish_answer(begun.id, text=word.upper(), thinking="", status="done", usage=None)
        store.fork(begun.id)
        store.delete(talk.id)
    return program


def opened(program: Program) -> Store:
    return Store.open(program.data / "conversations.sqlite3")


def everything(program: Program) -> list[tuple[str, str, list[str]]]:
    with closing(opened(program)) as store:
        return [
            (one.id, one.title, [node.content for node in store.path(str(one.head))])
            for one in [*store.list(), *store.deleted()]
        ]


def test_backed_up_removed_and_brought_back_everything_is_found(filled: Program, tmp_path: Path) -> None:
    before, file = everything(filled), tmp_path / "backup.sqlite3"
    with closing(opened(filled)):  # a chat is open meanwhile
        backed_up = filled.run("data", "backup", str(file))
    assert [backed_up.code, backed_up.out, backed_up.err] == [0, f"{file}\n", ""]
    assert file.stat().st_mode & 0o777 == 0o600
    assert filled.run("data", "remove", "--yes").code == 0
    assert not filled.data.exists()
    restored = filled.run("data", "restore", str(file))
    assert [restored.code, restored.err] == [0, ""]
    assert restored.out.startswith("3 conversations are back in ")
    assert everything(filled) == before
    with closing(opened(filled)) as store:
        assert [hit.conversation.title for hit in store.search("pears")] == ["Tell me of pears."]
    said = filled.ask("--resume", "latest", "And then?")
    assert said.code == 0, said.err


def test_the_folder_is_told(program: Program) -> None:
    said = program.run("data", "path")
    assert [said.code, said.out, said.err] == [0, f"{program.data}\n", ""]


# Removal


def test_all_that_is_ours_is_removed_and_nothing_else(filled: Program) -> None:
    assert filled.ask("hi").code == 0
    (filled.data / "conversations.sqlite3.damaged-20260101T000000Z-2-wal").write_text("ours")
    (filled.data / "history.jsonl").write_text("ours")
    (filled.data / "subspace" / "1").mkdir(parents=True)
    (filled.data / "subspace" / "1" / "basis").write_text("ours")
    theirs = ["conversations.sqlite3.bak", "my models.json", "models.json.old", "subspace-notes", "x.part"]
    for name in theirs:
        (filled.data / name).write_text("theirs")
    (filled.config / "config.toml").write_text('mode = "legal"\n')
    said = filled.run("data", "remove", "--yes")
    assert [said.code, said.out] == [0, ""]
    assert "conversations.sqlite3" in said.err
    assert f"{filled.config} and stay" in said.err
    assert sorted(file.name for file in filled.data.iterdir()) == sorted(theirs)
    assert (filled.config / "config.toml").exists()


def test_every_name_that_is_written_is_known_as_ours(program: Program) -> None:
    assert program.ask("hi").code == 0
    with closing(opened(program)):
        assert our_data(program.data) and set(our_data(program.data)) == set(program.data.iterdir())


def test_without_anybody_to_ask_nothing_is_removed(filled: Program) -> None:
    refused = filled.run("data", "remove")
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert "add --yes" in refused.err
    assert len(everything(filled)) == 4


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"\n", 1), (b"y\n", 0)])
def test_the_removal_is_asked_for_and_only_yes_means_yes(filled: Program, answer: bytes, code: int) -> None:
    mine, theirs = pty.openpty()
    process = filled.start("data", "remove", stdin=theirs)
    assert process.stderr is not None
    read_until(process.stderr.fileno(), b"Remove all of this for good?")
    os.write(mine, answer)
    done = outcome(process)
    os.close(mine)
    os.close(theirs)
    assert done.code == code
    assert filled.data.exists() == bool(code)


def test_nothing_is_removed_while_another_program_has_it_open(filled: Program) -> None:
    with closing(opened(filled)):
        refused = filled.run("data", "remove", "--yes")
        assert [refused.code, refused.traceback] == [4, False]
        assert "close it and try again" in refused.err
    assert len(everything(filled)) == 4
    assert filled.run("data", "remove", "--yes").code == 0


def test_removing_nothing_is_no_failure(program: Program, tmp_path: Path) -> None:
    said = program.run("data", "remove", "--yes", MODESHARE_DATA_DIR=str(tmp_path / "none"))
    assert [said.code, said.out] == [0, ""]
    assert "nothing of ours" in said.err


# Refused


def test_a_backup_is_never_written_over_a_file_nor_made_of_nothing(filled: Program, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    refused = filled.run("data", "backup", str(tmp_path / "mine"))
    assert [refused.code, refused.out] == [4, ""]
    assert "give another name" in refused.err
    assert (tmp_path / "mine").read_text() == "precious"
    nothing = filled.run("data", "backup", str(tmp_path / "b"), MODESHARE_DATA_DIR=str(tmp_path / "none"))
    assert nothing.code == 4
    assert "nothing to back up" in nothing.err
    assert not (tmp_path / "none").exists()


def test_nothing_is_restored_over_conversations_nor_from_what_is_no_backup(
    filled: Program, tmp_path: Path
) -> None:
    assert filled.run("data", "backup", str(tmp_path / "b")).code == 0
    over = filled.run("data", "restore", str(tmp_path / "b"))
    assert [over.code, over.out] == [4, ""]
    assert "tui data remove, first" in over.err
    with closing(opened(filled)):
        used = filled.run("data", "restore", str(tmp_path / "b"))
        assert [used.code, used.out] == [4, ""]
        assert "close it and try again" in used.err
    (tmp_path / "picture").write_bytes(b"\x89PNG" * 100)
    wrong = filled.run("data", "restore", str(tmp_path / "picture"), MODESHARE_DATA_DIR=str(tmp_path / "new"))
    assert wrong.code == 4
    assert "no backup of conversations" in wrong.err


# What was deleted


def test_deleted_conversations_are_listed_and_brought_back(filled: Program) -> None:
    listed = filled.run("data", "undelete")
    assert listed.code == 0
    ((short, *rest),) = [line.split() for line in listed.out.splitlines()]
    assert rest[2:] == ["Tell", "me", "of", "plums."]
    back = filled.run("data", "undelete", short)
    assert [back.code, back.out] == [0, f"{short} is back: Tell me of plums.\n"]
    assert filled.run("data", "undelete").out == "nothing was deleted in the last 30 days\n"


def test_what_never_was_cannot_be_brought_back(filled: Program, tmp_path: Path) -> None:
    assert filled.run("data", "undelete", "12ab").code == 2
    assert filled.run("data", "undelete", "12ab", MODESHARE_DATA_DIR=str(tmp_path / "none")).code == 2
