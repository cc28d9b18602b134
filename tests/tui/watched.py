"""A program that is watched from inside: what it would tell the network, what it imports, or fails to.

Python reads ``sitecustomize`` before anything else, so nothing that a program does comes before the watch.
"""

from __future__ import annotations

import os
from pathlib import Path

#: Refuses every step towards a network and writes it down; sockets between its own threads are none.
_NO_NETWORK = """
import sys

STEPS = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.bind", "socket.sendto")

def watch(event, arguments):
    if event.startswith(STEPS):
        with open({record!r}, "a") as record:
            record.write(event + " " + repr(arguments) + "\\n")
        raise OSError("no network here: " + event)

sys.addaudithook(watch)
"""

#: Writes an invisible mark to the terminal when one of the modules is imported.
_IMPORTS = """
import os, sys

def watch(event, arguments):
    if event == "import" and arguments[0] in {modules!r}:
        os.write(1, b"\\x1b]7777;" + arguments[0].encode() + b"\\x07")

sys.addaudithook(watch)
"""

#: Fails where one of the modules is imported.
_NO_IMPORTS = """
import sys

def watch(event, arguments):
    if event == "import" and arguments[0] in {modules!r}:
        raise RuntimeError("no " + arguments[0] + " today")

sys.addaudithook(watch)
"""


def import_mark(module: str) -> bytes:
    """What is written when ``module`` is imported under `telling_imports`."""
    return b"\x1b]7777;" + module.encode() + b"\x07"


def refusing_network(folder: Path, record: Path) -> dict[str, str]:
    """Variables under which a Python refuses the network and writes to ``record`` who wanted it."""
    return _customized(folder, _NO_NETWORK.format(record=str(record)))


def telling_imports(folder: Path, modules: tuple[str, ...]) -> dict[str, str]:
    """Variables under which a Python tells its terminal when it imports one of ``modules``."""
    return _customized(folder, _IMPORTS.format(modules=modules))


def failing_imports(folder: Path, modules: tuple[str, ...]) -> dict[str, str]:
    """Variables under which a Python fails with "no MODULE today" where it imports one of ``modules``."""
    return _customized(folder, _NO_IMPORTS.format(modules=modules))


def _customized(folder: Path, code: str) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}
