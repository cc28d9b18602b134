"""``tui config``: where the settings are, and each as it holds, with where it is from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui.core.config import Setting
from tui.headless.report import write_json, write_line, write_rows

SCHEMA = 1


def show_path(file: Path) -> None:
    """The settings' file, whether it is there or not."""
    write_line(str(file))


def show_settings(settings: Sequence[Setting], file: Path, as_json: bool) -> None:
    """Every setting, its value and the source of it."""
    if as_json:
        write_json({"schema": SCHEMA, "file": file, "settings": [one._asdict() for one in settings]})
        return
    write_rows([(one.name, _value(one.value), one.source) for one in settings])


def _value(value: object) -> str:
    if value is None:
        return "(chosen by what is found)"
    return str(value).lower() if isinstance(value, bool) else str(value)
