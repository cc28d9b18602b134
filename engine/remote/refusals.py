"""What a server refused, in words of ours: what, where, and what to do next.

It must not know how the answer came.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from engine.contract import EngineError, GenerationFailed, PromptTooLong

_KEY = "set MODESHARE_SERVER_KEY, or server_key in a config.toml that only you can read"
#: How servers say that a prompt is too long: the context, and the tokens of the prompt.
_TOO_LONG = (
    re.compile(
        r"maximum context length is (?P<context>\d+) tokens.*?(?P<tokens>\d+) (?:input )?tokens", re.S
    ),
    re.compile(r"\((?P<tokens>\d+) tokens\).*?context size \((?P<context>\d+) tokens\)"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not streamed. ``data`` is its JSON, None where it is none."""

    status: int
    text: str
    kind: str = ""
    server: str = ""
    wait: float | None = None

    @property
    def data(self) -> Any:
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def table(self) -> dict[str, Any]:
        """The JSON object; empty where it is none."""
        data = self.data
        return data if isinstance(data, dict) else {}


def said(data: object, text: str = "") -> str:
    """The server's own words in an error, in any of the shapes that are about; at most 300 letters."""
    for key in ("error", "message", "detail"):
        if isinstance(data, dict) and data.get(key):
            return said(data[key])
    words = data if isinstance(data, str) else (text if data is None else json.dumps(data))
    return "" if "<html" in words[:500].lower() else " ".join(words.split())[:300]


def refusal(reply: Reply, where: str) -> EngineError:
    """The error for an answer that is no success."""
    words = said(reply.data, reply.text)
    told = f": {words}" if words else ""
    if too_long := _too_long(reply, words):
        return too_long
    match reply.status:
        case 401 | 403:
            what = f"refuses the key ({reply.status}): {_KEY}"
        case 404 if "model" in words.lower() or "repo" in words.lower():
            what = f"does not have the model{told} (name another with server_model)"
        case 404:
            what = f"knows no such path (404){told}: is this its address?"
        case 429 | 503:
            what = f"cannot serve now ({reply.status}){told}: try again later"
        case status if status >= 500:
            what = f"failed ({status}){told}: see its own log"
        case status:
            what = f"does not take the request ({status}){told}"
    return GenerationFailed(f"{where} {what}")


def other_kind(kind: str, where: str) -> GenerationFailed:
    """The error for an answer that is neither a stream of events nor JSON."""
    kind = kind.partition(";")[0].strip()[:40] or "nothing that is named"
    return GenerationFailed(
        f"{where} answers with {kind}, not as an OpenAI-compatible server does: is this its address?"
    )


def _too_long(reply: Reply, words: str) -> PromptTooLong | None:
    if reply.status not in (400, 413, 422, 500):
        return None
    error = reply.table.get("error")
    if isinstance(error, dict) and isinstance(error.get("n_prompt_tokens"), int):
        return PromptTooLong(error["n_prompt_tokens"], int(error.get("n_ctx") or 0))
    found = next((found for one in _TOO_LONG if (found := one.search(words))), None)
    return PromptTooLong(int(found["tokens"]), int(found["context"])) if found else None
