"""Where a report goes: tables on stdout, JSON to a file or in their place. It knows no measurement."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modes.evaluation.run import write_text
from tui.core.evaluation.endings import BadTarget

STDOUT = "-"
Report = Mapping[str, Any]


def tell(report: Report, target: str | None, write: Callable[[Report], None]) -> None:
    """``write`` the tables unless JSON takes their place; write that to ``target``, if there is one."""
    if target != STDOUT:
        write(report)
    if target is not None:
        text = json.dumps(report, ensure_ascii=False) + "\n"
        if target == STDOUT:
            sys.stdout.write(text)
        else:
            write_text(Path(target), text)
    sys.stdout.flush()


def check_target(target: str | None) -> None:
    """Raises `BadTarget` now and not after an hour."""
    if target is None or target == STDOUT:
        return
    path = Path(target)
    if path.is_dir():
        raise BadTarget(f"{target} is a directory: name a file to write the JSON to")
    if not path.absolute().parent.is_dir():
        raise BadTarget(f"{path.absolute().parent} is not there: make it first, or name another file")
