"""Conversations as Markdown and JSON, and files that are written whole and never over another."""

from __future__ import annotations

import errno
import json
import os
import resource
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from engine.contract import Usage
from tui.core.conversation import Conversation, Node, Provenance
from tui.core.export import ExportError, as_json, export_to, file_name, markdown

TALK = Conversation("ab" * 16, "Is it *binding*?", "legal", "n2", 1_700_000_000.5, 1_700_000_060.0)
SAMPLING = {"temperature": 0.0, "seed": 7}
LEGAL = Provenance("smol.gguf", "cd" * 32, "legal", "3", (("legal", 0.7),), "v2", SAMPLING)
USAGE = Usage(120, 100, 0.25, 0.3, 41, 2.5, 7)
PATH = [
    Node("n1", None, TALK.id, "user", "Is it *binding*? ᏣᎳᎩ", 1_700_000_001.0),
    Node(
        "n2",
        "n1",
        TALK.id,
        "assistant",
        "Yes.\n\n```\n# code\n```\n",
        1_700_000_002.0,
        thinking="Let me see.",
        status="length",
        provenance=LEGAL,
        usage=USAGE,
    ),
]


def test_markdown_says_who_spoke_what_was_thought_and_what_was_cut_off() -> None:
    text = markdown(TALK, PATH)
    assert text.startswith("# Is it *binding*?\n\n*2023-11-1")
    assert "mode legal" in text
    assert "## You\n\nIs it *binding*? ᏣᎳᎩ\n" in text
    assert "## legal (smol.gguf)\n" in text
    assert "<summary>Thinking</summary>\n\nLet me see.\n" in text
    assert "Yes.\n\n```\n# code\n```\n" in text
    assert text.endswith("*(length)*\n")


def test_a_conversation_without_title_or_messages_is_exported_all_the_same() -> None:
    empty = Conversation("ab" * 16, "", "base", None, 0.0, 0.0)
    assert markdown(empty, []).startswith("# Untitled\n")
    assert json.loads(as_json(empty, []))["messages"] == []


def test_json_carries_everything_that_wrote_an_answer() -> None:
    exported = json.loads(as_json(TALK, PATH))
    assert exported["schema"] == 1
    assert exported["conversation"] == {
        "id": TALK.id,
        "title": "Is it *binding*?",
        "mode": "legal",
        "created_at": "2023-11-14T22:13:20.500+00:00",
        "updated_at": "2023-11-14T22:14:20.000+00:00",
    }
    question, answer = exported["messages"]
    assert (question["role"], question["content"]) == ("user", "Is it *binding*? ᏣᎳᎩ")
    assert (question["provenance"], question["usage"]) == (None, None)
    assert (answer["thinking"], answer["status"]) == ("Let me see.", "length")
    assert answer["usage"] == asdict(USAGE)
    assert answer["provenance"] == asdict(LEGAL) | {"scales": [["legal", 0.7]]}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is 38 CFR 3.310?", "what-is-38-cfr-3-310.md"),
        ("ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", "ᏣᎳᎩ-ᎦᏬᏂᎯᏍᏗ.md".casefold()),
        ("../../etc/passwd", "etc-passwd.md"),
        ("...", "abababab.md"),
        ("", "abababab.md"),
    ],
)
def test_the_files_name_is_made_from_the_title_and_is_never_a_path(title: str, name: str) -> None:
    made = file_name(Conversation("ab" * 16, title, "base", None, 0.0, 0.0))
    assert made == name


def test_the_file_is_private_whole_and_in_the_form_its_name_asks_for(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        text = export_to(tmp_path / "talk.md", TALK, PATH)
        data = export_to(tmp_path / "talk.JSON", TALK, PATH)
    finally:
        os.umask(before)
    assert text.read_text("utf-8") == markdown(TALK, PATH)
    assert data.read_text("utf-8") == as_json(TALK, PATH)
    assert {stat.S_IMODE(file.stat().st_mode) for file in (text, data)} == {0o600}
    assert sorted(tmp_path.iterdir()) == sorted([text, data])


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert export_to(Path("~/talk.md"), TALK, PATH) == tmp_path / "talk.md"


def test_another_file_or_a_dangling_link_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("precious")
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere")
    for name in ("mine.md", "link.md"):
        with pytest.raises(ExportError, match="give another name"):
            export_to(tmp_path / name, TALK, PATH)
    assert (tmp_path / "mine.md").read_text() == "precious"
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing was exported") as refused:
        export_to(tmp_path / "none" / "talk.md", TALK, PATH)
    assert str(tmp_path / "none" / "talk.md") in str(refused.value)
    assert "binding" not in str(refused.value)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        with pytest.raises(ExportError, match="nothing was exported"):
            export_to(tmp_path / "talk.md", TALK, PATH)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    assert export_to(tmp_path / "talk.md", TALK, PATH).exists()


def test_a_file_system_without_links_is_served_and_still_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    file = export_to(tmp_path / "talk.md", TALK, PATH)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(ExportError, match="give another name"):
        export_to(file, TALK, PATH)
    assert list(tmp_path.iterdir()) == [file]
