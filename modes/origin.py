"""Where each thing that a mode is comes from: the operator's file, one that it extends, or a built-in mode.

This module must not know how that is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from modes import tables
from modes.catalog import BUILTIN, Catalog, builtin_table

DEFAULT = "default"
BUILTIN_HOME = "built-in"


def origins(catalog: Catalog, name: str, directory: Path) -> dict[str, str]:
    """By field (``prompt``, ``sampling.temperature``): a file, ``built-in legal``, or ``default``.

    ``directory`` is the one that ``catalog`` was loaded with, ``name`` one of its modes.
    """
    found: dict[str, str] = {}
    for source, table in _layers(catalog, name, directory):
        for field in _fields(table):
            found.setdefault(field, source)
    every = _fields(asdict(catalog.modes[name]))
    return {field: found.get(field, DEFAULT) for field in every if field != "name"}


def home(catalog: Catalog, name: str, directory: Path) -> str:
    """Where the mode itself is from: its file, or ``built-in``."""
    file = _file(catalog, name, directory)
    return BUILTIN_HOME if file is None else str(file)


def _file(catalog: Catalog, name: str, directory: Path) -> Path | None:
    """The operator's file of that mode, unless there is none or it was refused."""
    file = directory / f"{name}.toml"
    refused = {problem.file for problem in catalog.problems}
    return file if file.is_file() and file not in refused and directory not in refused else None


def _layers(catalog: Catalog, name: str, directory: Path) -> Iterator[tuple[str, tables.Table]]:
    """The tables that were laid over each other, the uppermost first."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        file = _file(catalog, name, directory)
        if file is None:
            break
        table = _read(file)
        yield str(file), table
        extends = table.get("extends")
        if not isinstance(extends, str):
            return
        name = extends
    if name in BUILTIN:
        yield f"{BUILTIN_HOME} {name}", builtin_table(name)


def _read(file: Path) -> tables.Table:
    try:
        return tables.read(file.read_bytes())
    except (OSError, tables.BadTableError):  # changed since the catalog was loaded
        return {}


def _fields(table: tables.Table, above: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _fields(value, f"{above}{key}.")
        else:
            yield above + key
