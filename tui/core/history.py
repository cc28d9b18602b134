"""What was sent from the prompt, kept across sessions in a private file of one JSON text a line.

This module must not know a screen. Several programs may use one file; each line is written at once, so that
a program that is killed loses none.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.core.paths import PRIVATE_FILE, PathUnusable, tighten_file

#: Texts and bytes kept; the file may grow to twice as many before the oldest are dropped.
MOST = 1000
MOST_BYTES = 2_000_000
#: Characters of the longest text that is kept here: it stands in its conversation anyway.
LONGEST = 20_000
#: How often, and how long in seconds, to wait for another program.
_TRIES, _PAUSE = 20, 0.005


class History:
    """The texts in ``file``, and those of this program alone when it is None or cannot be used."""

    def __init__(self, file: Path | None) -> None:
        self._all = file
        self.file = file
        self._texts: list[str] = []
        self._lines = 0
        self._read: tuple[int, int, int] | None = None

    def keep(self, kept: bool) -> None:
        """Whether what is added from now on goes to the file too."""
        self.file = self._all if kept else None

    def texts(self) -> list[str]:
        """The oldest first, with what other programs have added since."""
        if self.file is not None:
            self._look()
        return list(self._texts)

    def add(self, text: str) -> None:
        """Keep ``text``, unless it is the last one again. Raises `PathUnusable`, and recalls it
        all the same until the program ends.
        """
        if len(text) > LONGEST or self.texts()[-1:] == [text]:
            return
        self._texts = [*self._texts, text][-MOST:]
        if self.file is None:
            return
        try:
            tighten_file(self.file)
            self._append(text)
        except OSError as error:
            file, self.file = self.file, None
            reason = f"what you send is not kept for later sessions ({error.strerror})"
            raise PathUnusable(file, reason) from error
        except PathUnusable:
            self.file = None
            raise

    def _look(self) -> None:
        if self.file is None:
            return
        try:
            found = self.file.stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
            if stamp != self._read:
                texts = list(_texts(self.file.read_bytes()))
                self._texts, self._lines, self._read = texts[-MOST:], len(texts), stamp
        except OSError:
            return  # not there yet, or not ours to read: adding to it says why

    def _append(self, text: str) -> None:
        assert self.file is not None
        with _locked(self.file) as descriptor:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            _write(descriptor, b"\n" * torn + _line(text))
            if self._lines >= 2 * MOST or size > 2 * MOST_BYTES:
                self._shorten(self.file)

    def _shorten(self, file: Path) -> None:
        lines = [_line(text) for text in _texts(file.read_bytes())][-MOST:]
        while sum(map(len, lines)) > MOST_BYTES:
            lines = lines[len(lines) // 2 :]
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE_FILE)
        try:
            _write(descriptor, b"".join(lines))
        finally:
            os.close(descriptor)
        fresh.replace(file)


class Walk:
    """A way back through ``texts``, and forth again to the draft that one came from.

    Those that begin with the draft are met, or all of them where none does; each text once.
    """

    def __init__(self, texts: list[str], draft: str) -> None:
        distinct = list(dict.fromkeys(reversed(texts)))[::-1]
        begun = [text for text in distinct if text.startswith(draft) and text != draft]
        others = begun or [text for text in distinct if text != draft]
        self._texts = [*others, draft]
        self._at = len(self._texts) - 1

    def step(self, by: int) -> str | None:
        """The text ``by`` places on (-1: the one before); None at either end."""
        if not 0 <= self._at + by < len(self._texts):
            return None
        self._at += by
        return self._texts[self._at]


@contextmanager
def _locked(file: Path) -> Iterator[int]:
    """The file, opened to append, and ours alone while no other program is stuck with it."""
    descriptor = _opened(file)
    try:
        for _ in range(_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
                continue
            if os.fstat(descriptor).st_ino == file.stat().st_ino:
                break
            os.close(descriptor)  # another program has just put a shortened one in its place
            descriptor = _opened(file)
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(file: Path) -> int:
    return os.open(file, os.O_CREAT | os.O_APPEND | os.O_RDWR, PRIVATE_FILE)


def _line(text: str) -> bytes:
    # ASCII, so that lone surrogates of a broken paste survive and no line end but ours is in it.
    import json  # with the first text that is kept or recalled

    return json.dumps(text).encode() + b"\n"


def _write(descriptor: int, content: bytes) -> None:
    # One call for a line: two programs then never mix theirs.
    while content:
        content = content[os.write(descriptor, content) :]


def _texts(content: bytes) -> Iterator[str]:
    import json

    for line in content.splitlines():
        try:
            text = json.loads(line)
        except ValueError:
            continue  # cut off by a full disk
        if isinstance(text, str):
            yield text
