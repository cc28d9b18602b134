"""Lends the terminal to the operator's editor, and takes back what was written there.

This module must not know the prompt.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported


class EditorTrouble(Exception):
    """The text stays as it was; the message says why, and where anything else that was written is."""


def edited(app: App[Any], text: str) -> str:
    """``text`` after ``$VISUAL`` or ``$EDITOR``; blocks until the editor ends. Raises `EditorTrouble`."""
    command = _command()
    try:
        folder = Path(tempfile.mkdtemp(prefix="tui-"))  # private to the user
    except OSError as error:
        raise EditorTrouble(_unchanged(error, error.filename)) from None
    file = folder / "prompt.md"
    keep = False
    try:
        file.write_text(text, "utf-8", errors="surrogatepass")
        before = file.read_bytes()
        code = _run(app, [*command, str(file)])
        after = file.read_bytes() if file.is_file() else b""
        if code != 0:
            keep = after not in (b"", before)
            how = _ended(Path(command[0]).name, code)
            raise EditorTrouble(f"{how}: the text is as it was{_where(file, keep)}")
        if not after.strip():
            raise EditorTrouble("the editor left an empty file: the text is as it was")
        try:
            return after.decode("utf-8").rstrip("\n")
        except UnicodeDecodeError:
            keep = True
            raise EditorTrouble(
                f"the editor left a file that is not UTF-8: the text is as it was{_where(file, keep)}"
            ) from None
    except OSError as error:
        raise EditorTrouble(_unchanged(error, error.filename or file)) from None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _unchanged(error: OSError, file: object) -> str:
    return f"{file}: {error.strerror}: the text is as it was"


def _command() -> list[str]:
    for variable in ("VISUAL", "EDITOR"):
        written = os.environ.get(variable, "").strip()
        if not written:
            continue
        try:
            command = shlex.split(written)
        except ValueError as error:
            raise EditorTrouble(f"{variable} is {written!r}, which cannot be read: {error}") from None
        if shutil.which(command[0]) is None:
            raise EditorTrouble(f"{variable} is {written!r}, but there is no program {command[0]!r}")
        return command
    raise EditorTrouble("no editor is chosen: set VISUAL or EDITOR, as in: export EDITOR=nano")


def _run(app: App[Any], command: list[str]) -> int:
    try:
        with app.suspend(), _without_interrupts():
            return subprocess.run(command, check=False).returncode
    except SuspendNotSupported:
        raise EditorTrouble("this terminal cannot be lent to an editor") from None


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl+C in the editor is the editor's; a handler, because what is ignored stays so in a child."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        with suppress(TypeError):  # a handler that Python did not install
            signal.signal(signal.SIGINT, before)


def _ended(program: str, code: int) -> str:
    if code < 0:
        return f"{program} was ended by signal {-code}"
    return f"{program} ended with exit code {code}"


def _where(file: Path, keep: bool) -> str:
    return f"; what you wrote is in {file}" if keep else ""
