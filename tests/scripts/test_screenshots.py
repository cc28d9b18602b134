"""The pictures that the documentation shows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCREENS = sorted((ROOT / "docs/screens").glob("*.svg"))

#: The name of a format, which nobody fetches.
_NAMESPACE = "http://www.w3.org/2000/svg"


def test_no_picture_asks_another_host_for_anything() -> None:
    assert SCREENS
    for file in SCREENS:
        svg = file.read_text()
        assert set(re.findall(r"\w+://[^\s\"')]+", svg)) == {_NAMESPACE}, file.name
        assert "@import" not in svg
        assert "@font-face" not in svg


def test_every_picture_of_the_readme_is_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert "docs/screens/chat.svg" in shown
    assert all((ROOT / path).is_file() for path in shown)
