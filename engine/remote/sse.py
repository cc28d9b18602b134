"""A stream of server-sent events, cut out of bytes as they come; and text put together from its pieces.

It must not know what the events say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: The longest line in bytes; what is longer is no stream of tokens.
LONGEST = 8 << 20


class BadStream(ValueError):
    """Bytes that are no stream of events."""


@dataclass(frozen=True, slots=True)
class Data:
    """The text after ``data:``."""

    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    """The text after a colon: a sign of life, in which some servers say how far they are."""

    text: str


class Events:
    """Bytes in, events out, wherever the pieces are divided. Every line of data is an event by itself."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, raw: bytes) -> Iterator[Data | Comment]:
        """The events that became whole. Raises `BadStream`."""
        *lines, self._rest = (self._rest + raw).split(b"\n")
        if len(self._rest) > LONGEST:
            raise BadStream(f"a line is longer than {LONGEST >> 20} MiB")
        for line in lines:
            if event := _event(line):
                yield event

    def flush(self) -> Iterator[Data | Comment]:
        """The last line, now that nothing follows."""
        rest, self._rest = self._rest, b""
        if event := _event(rest):
            yield event


def _event(line: bytes) -> Data | Comment | None:
    text = line.decode("utf-8", "replace").strip("\r")
    field, colon, value = text.partition(":")
    if not colon:
        return None
    value = value.removeprefix(" ")
    if field == "":
        return Comment(value)
    # ``error:`` is how older llama-servers say that they fail.
    return Data(value) if field in ("data", "error") else None


class Letters:
    """Text whose letters may be divided among pieces: JSON writes those beyond 0xFFFF as two halves.

    U+FFFD waits too: at the very end it is a letter that was cut off, and no engine tells one of those.
    """

    def __init__(self) -> None:
        self._half = ""

    def push(self, text: str) -> str:
        """Whole letters only; a half waits for the other one, and a lost one becomes U+FFFD."""
        text, self._half = self._half + text, ""
        whole = text[:-1] if text and "\ud800" <= text[-1] <= "\udbff" else text.rstrip("\ufffd")
        text, self._half = whole, text[len(whole) :]
        if text.isascii():
            return text
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
