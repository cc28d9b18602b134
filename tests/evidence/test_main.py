"""The command: how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.__main__ import main
from evidence.filling import STOPPED


@pytest.mark.parametrize(
    ("work", "option"), [("page.write_page", "--report"), ("__main__.listing", "--list")]
)
def test_stopped_while_it_writes_or_lists_it_ends_with_the_status_of_what_was_stopped(
    work: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"evidence.{work}", stopped)
    assert main([option, "--model", "base.gguf", "--folder", str(tmp_path)]) == STOPPED
