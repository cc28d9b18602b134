"""Makes the coefficients that are shipped, in modes/starter: ``make starter``, an hour or two on two cores.

Each mode is learned by the same commands that an operator has, one after another in one subspace. Stopped, it
goes on where it was: what was learned is in build/starter, and so is the checkpoint of what is being learned.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.fingerprint import fingerprint
from engine.lowrank import Basis
from modes.share.compaction import total_bytes
from modes.share.library import Library, Shelved
from tui.core.models import starter_model

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "starter"
SHIPPED = ROOT / "modes" / "starter"
#: What is shipped may not be larger, in bytes.
MOST = 10_000_000

#: In this order: the first brings directions of its own, the others learn in those and add four each.
COMMANDS = {
    "legal": ("train", "--domain", "legal", "--steps", "400"),
    "coding": ("grow", "coding", "--steps", "300"),
    "cherokee": ("grow", "cherokee", "--steps", "400"),
    "reasoning": ("grow", "reasoning", "--steps", "500"),
}


def main() -> None:
    """Learn what is not learned yet, then put it in the place of what was shipped."""
    library = Library(WORK / "subspace")
    if library.current() is None:
        # An empty one of its own: without, the commands would begin with what is shipped now.
        library.save(Shelved(Basis({}, _base()), {}))
    for name, command in COMMANDS.items():
        if name not in library.load().modes:
            _run(*command)
    made = library.load()
    size = total_bytes(made.basis, made.modes)
    if size > MOST:
        sys.exit(f"{size:,} bytes are more than the {MOST:,} that may be shipped: take fewer directions")
    shipped = Library(SHIPPED)
    version = shipped.save(made)
    for old in shipped.versions():
        if old != version:
            shutil.rmtree(SHIPPED / old)
    sys.stdout.write(f"{SHIPPED}: {version}, {', '.join(made.modes)}, {size / 1e6:,.2f} MB\n")


def _base() -> str:
    model = starter_model()
    identity = fingerprint(model) if model else None
    if identity is None:
        sys.exit("the starter model is missing: make .venv/.test installs it")
    return identity


def _run(*command: str) -> None:
    apart = {"MODESHARE_DATA_DIR": str(WORK), "MODESHARE_CONFIG_DIR": str(WORK / "config")}
    tui = Path(sys.executable).with_name("tui")
    code = subprocess.run([tui, "modes", *command], env={**os.environ, **apart}, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
