"""Writes docs/keys.md from the registries of commands and keys: ``.venv/bin/python scripts/keys.py``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tui.core.commands import COMMANDS, HIDDEN
from tui.ui.key_groups import KEY_GROUPS
from tui.ui.keys import key_name

FILE = Path(__file__).parents[1] / "docs/keys.md"

_HEAD = """# Commands and keys

<!-- Written by scripts/keys.py from the program's own registries; a test says whether it still agrees. -->

`/help` or F1 shows the same with the keys as they are bound now; Ctrl+P finds any of it by a few letters.

## Commands

What is in brackets may be left out. Tab completes names and, where there is something to choose, arguments.
"""

_HIDDEN = "This one is neither listed nor completed:\n"

_KEYS = """
## Keys

The first column is the name by which a key is put elsewhere, in `config.toml`
(`tui config path` says where that is):

```toml
[keys]
fold = "f9"
newline = "enter"
send = "ctrl+s, f12"
```

Keys are written as here: `ctrl+`, `alt+` or `shift+` and a letter, or `f1`, `escape`, `pageup`, `up` …;
several are separated by commas. A name or key that does not exist is told at the start, with the nearest one,
and the key stays as it was. A change holds from the next line that is sent.
"""


def document() -> str:
    """The whole of docs/keys.md."""
    commands = [(f"`{one.usage}`", one.help) for one in COMMANDS]
    hidden = [(f"`{one.usage}`", one.help) for one in HIDDEN]
    parts = [_HEAD, _table(("command", "to"), commands), _HIDDEN, _table(("command", "to"), hidden), _KEYS]
    for group in KEY_GROUPS:
        rows = [(f"`{name}`", key_name(key.key), key.description) for name, key in group.named().items()]
        parts += [f"### {group.title}\n", _table(("name", "keys", "to"), rows)]
    return "\n".join(parts) + "\n"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8")
    sys.stdout.write(f"{FILE}\n")
