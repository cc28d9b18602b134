"""``tui modes``: the modes there are, and all that one of them is, with where each thing is from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from modes.blend import BASE
from modes.catalog import Catalog, UnknownMode
from modes.mode import Mode
from modes.origin import home, origins
from modes.tables import shown
from tui.core.notices import Notices
from tui.headless.report import write_json, write_line, write_rows

SCHEMA = 1


def list_modes(catalog: Catalog, directory: Path, as_json: bool) -> None:
    """Every mode: name, title, description, its coefficients or what it lacks."""
    notices = Notices()
    for problem in catalog.problems:
        notices.say(problem.text)
    if as_json:
        write_json(
            {
                "schema": SCHEMA,
                "modes": [_summary(catalog, name, directory) for name in catalog.modes],
                "problems": [problem.text for problem in catalog.problems],
            }
        )
        return
    write_rows([(name, mode.title, mode.description, _state(mode)) for name, mode in catalog.modes.items()])


def show_mode(catalog: Catalog, name: str, directory: Path, as_json: bool) -> None:
    """Everything that one mode is. Raises `VoiceError`."""
    voice = catalog.voice(name)
    if voice.spec != voice.lead.name:
        raise UnknownMode(name, catalog.modes, "; of a blend, show each part by itself")
    mode = voice.lead
    sources = origins(catalog, mode.name, directory)
    if as_json:
        content = asdict(mode)
        summary = {"version": mode.version, "source": home(catalog, mode.name, directory)}
        write_json({"schema": SCHEMA, **summary, "mode": content, "sources": sources})
        return
    write_line(
        f"{mode.name}, version {mode.version}, from {home(catalog, mode.name, directory)}: {_state(mode)}"
    )
    write_rows(
        [(field, _value(mode, field), source) for field, source in sources.items() if field != "prompt"]
    )
    write_line(f"prompt, {sources['prompt']}:" if mode.prompt else "no prompt")
    for line in mode.prompt.splitlines():
        write_line(f"  {line}")


def _summary(catalog: Catalog, name: str, directory: Path) -> dict[str, Any]:
    mode = catalog.modes[name]
    told = {
        field: getattr(mode, field) for field in ("name", "title", "description", "coefficients", "lacks")
    }
    return {**told, "source": home(catalog, name, directory)}


def _state(mode: Mode) -> str:
    if mode.coefficients is not None:
        return f"coefficients: {mode.coefficients}"
    return mode.lacks or (
        "the model itself" if mode.name == BASE else "no coefficients yet: prompt and sampling only"
    )


def _value(mode: Mode, field: str) -> str:
    value: Any = mode
    for part in field.split("."):
        value = getattr(value, part)
    return "-" if value is None else shown(list(value) if isinstance(value, tuple) else value)
