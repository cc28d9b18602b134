"""``adapter_meta.json`` beside the files of an adapter: what it is, for which base, and what its files hold.

Other programs leave it alone; by it an adapter that was copied to another machine can be checked there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modes.share.change import BadAdapter

META = "adapter_meta.json"
SCHEMA = 1


def write_meta(folder: Path, base: str, about: Mapping[str, Any]) -> None:
    """Describe all files of ``folder``, an adapter for the base with the fingerprint ``base``."""
    files = {one.name: _described(one) for one in sorted(folder.iterdir()) if one.name != META}
    meta = {"schema": SCHEMA, "base": base, **about, "files": files}
    (folder / META).write_text(json.dumps(meta, indent=2) + "\n")


def read_meta(folder: Path, base: str) -> dict[str, Any] | None:
    """What ``folder`` says of itself; None when it says nothing, as adapters made elsewhere do.

    Raises `BadAdapter` if it is not for ``base``, or if a file is missing, is another, or came to it.
    """
    if not (folder / META).exists():
        return None
    try:
        meta = json.loads((folder / META).read_text("utf-8"))
        made_for, files = str(meta["base"]), dict(meta["files"])
        known = meta["schema"] == SCHEMA
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadAdapter(f"{folder / META} cannot be read ({error}): export the mode again") from error
    if not known:
        raise BadAdapter(f"{folder / META} is of another version of modeshare: export the mode again")
    if made_for != base:
        raise BadAdapter(
            f"{folder} was made for base {made_for[:12]}, this one is {base[:12]}: "
            "export it from the machine that has this base, or name the base with --model"
        )
    here = {one.name for one in folder.iterdir()} - {META}
    for name in sorted(here | files.keys()):
        if name not in here:
            raise BadAdapter(f"{folder}: {name} is missing: copy the whole folder again")
        if name not in files:
            raise BadAdapter(f"{folder}: {name} is none of its files: remove it, or copy the folder again")
        if files[name] != _described(folder / name):
            raise BadAdapter(f"{folder}: {name} is not what was exported: copy the folder again")
    return dict(meta)


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
