"""``make starter``: learned once, shipped whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from modes.share.library import Library
from scripts import starter

pytestmark = pytest.mark.model

_SHORT = ("--steps", "1", "--check", "1")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """What is shipped by a script that learns little, and has nowhere else to write."""
    monkeypatch.setattr(starter, "WORK", tmp_path / "work")
    monkeypatch.setattr(starter, "SHIPPED", tmp_path / "shipped")
    short = {
        "legal": ("train", "--domain", "legal", "--rank", "2", *_SHORT),
        "coding": ("grow", "coding", "--directions", "1", *_SHORT),
    }
    monkeypatch.setattr(starter, "COMMANDS", short)
    return Library(tmp_path / "shipped")


def test_what_is_learned_is_shipped_and_is_not_learned_again(
    shipped: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starter.main()
    first = shipped.load()
    assert list(first.modes) == ["legal", "coding"]
    assert {one.rank for one in first.basis.modules.values()} == {3}
    assert first.notes["trained"]["coding"]["plan"]["directions"] == 1
    assert "v1, legal, coding, " in capsys.readouterr().out

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(starter, "_run", lambda *command: pytest.fail(f"learned again: {command}"))
    starter.main()
    assert shipped.versions() == ("v2",)

    monkeypatch.setattr(starter, "MOST", 1000)
    with pytest.raises(SystemExit, match="bytes are more than the 1,000"):
        starter.main()
    assert shipped.current() == "v2"
