"""What one event of a stream says, whichever server said it.

It must not know requests, nor how an answer is put together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.contract import Prefill
from engine.remote.sse import BadStream, Comment, Data

DONE = "[DONE]"
_KEEPALIVE = re.compile(r"keepalive (\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens as the server counted them; ``prefill_seconds`` is None where it does not say."""

    prompt: int
    completion: int
    cached: int = 0
    prefill_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """``finish`` is the server's own word for why it ended; ``over``: nothing follows."""

    text: str = ""
    thinking: str = ""
    prefill: Prefill | None = None
    finish: str | None = None
    counted: Counted | None = None
    error: object = None
    over: bool = False


def read(event: Data | Comment) -> Delta:
    """Raises `BadStream` for data that are no JSON object."""
    if isinstance(event, Comment):
        found = _KEEPALIVE.match(event.text)
        return Delta(prefill=Prefill(int(found[1]), int(found[2])) if found else None)
    if event.text.strip() == DONE:
        return Delta(over=True)
    try:
        said = json.loads(event.text)
    except (ValueError, RecursionError):
        raise BadStream(f"an event is no JSON: {event.text[:80]!r}") from None
    if not isinstance(said, dict):
        raise BadStream(f"an event is no JSON object: {event.text[:80]!r}")
    if said.get("error") not in (None, "", False) or said.get("object") == "error":
        return Delta(error=said)
    return of(said)


def of(said: Mapping[str, Any]) -> Delta:
    """Of a chunk, or of a whole answer from a server that does not stream."""
    choices = said.get("choices")
    choice = _table(choices[0]) if isinstance(choices, list) and choices else {}
    delta = _table(choice.get("delta") or choice.get("message"))
    finish = choice.get("finish_reason")
    return Delta(
        text=_text(delta.get("content")),
        thinking=_text(delta.get("reasoning_content") or delta.get("reasoning")),
        prefill=_prefill(_table(said.get("prompt_progress"))),
        finish=finish if isinstance(finish, str) else None,
        counted=_counted(_table(said.get("usage")), _table(said.get("timings"))),
    )


def _prefill(progress: Mapping[str, Any]) -> Prefill | None:
    total = _whole(progress.get("total"))
    return Prefill(_whole(progress.get("processed")), total) if total else None


def _counted(usage: Mapping[str, Any], timings: Mapping[str, Any]) -> Counted | None:
    if "prompt_tokens" not in usage:
        return None
    details = _table(usage.get("prompt_tokens_details"))
    milliseconds = timings.get("prompt_ms")
    return Counted(
        _whole(usage["prompt_tokens"]),
        _whole(usage.get("completion_tokens")),
        _whole(details.get("cached_tokens")) or _whole(timings.get("cache_n")),
        milliseconds / 1000 if isinstance(milliseconds, int | float) else None,
    )


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
