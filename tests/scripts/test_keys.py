"""docs/keys.md is made from the program's registries."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

from tui.ui.key_groups import KEY_GROUPS
from tui.ui.keys import checked

SCRIPT = Path(__file__).parents[2] / "scripts/keys.py"


def test_the_page_of_keys_agrees_with_the_program() -> None:
    script = runpy.run_path(str(SCRIPT))
    assert script["FILE"].read_text("utf-8") == script["document"](), "run .venv/bin/python scripts/keys.py"


def test_the_example_on_the_page_can_be_used() -> None:
    page = runpy.run_path(str(SCRIPT))["document"]()
    example = page.partition("```toml\n")[2].partition("```")[0]
    assert checked(tomllib.loads(example)["keys"], KEY_GROUPS)[1] == []
