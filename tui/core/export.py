"""A conversation as a file for people (Markdown) or programs (JSON).

It takes values and gives text; which conversation, and where to, is the caller's business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tui.core.conversation import Conversation, Node, Recollection
from tui.core.newfile import new_file, reason

#: Version of the JSON's shape; programs may rely on the names within one.
SCHEMA = 1

_SLUG_WIDTH = 40


class ExportError(Exception):
    """A file that cannot be written; the text says which, why and what to do."""


def markdown(conversation: Conversation, path: Sequence[Node]) -> str:
    """The messages of ``path`` (root first) under headings that say who speaks."""
    told = f"{_when(conversation.created_at)}, mode {conversation.mode}"
    parts = [f"# {conversation.title or 'Untitled'}", f"*{told}*"]
    for node in path:
        parts.append(f"## {_speaker(node)}")
        if node.thinking:
            parts.append(f"<details><summary>Thinking</summary>\n\n{node.thinking.strip()}\n\n</details>")
        if node.content.strip():
            parts.append(node.content.strip())
        if node.memories:
            parts.append(_memories(node.memories))
        if node.status != "done":
            parts.append(f"*({node.status}{f': {node.error}' if node.error else ''})*")
    return "\n\n".join(parts) + "\n"


def as_json(conversation: Conversation, path: Sequence[Node]) -> str:
    """One JSON object: ``schema``, ``conversation``, and ``messages`` from the root on.

    Times are ISO 8601 in UTC; an answer carries its provenance and usage, and the memories it was shown.
    """
    exported = {
        "schema": SCHEMA,
        "conversation": {
            "id": conversation.id,
            "title": conversation.title,
            "mode": conversation.mode,
            "created_at": _iso(conversation.created_at),
            "updated_at": _iso(conversation.updated_at),
        },
        "messages": [_message(node) for node in path],
    }
    return json.dumps(exported, ensure_ascii=False, indent=2) + "\n"


def file_name(conversation: Conversation, suffix: str = ".md") -> str:
    """A name for the file, from the title: ``what-is-binding.md``."""
    slug = re.sub(r"[\W_]+", "-", conversation.title.casefold())[:_SLUG_WIDTH].strip("-")
    return (slug or conversation.id[:8]) + suffix


def export_to(file: Path, conversation: Conversation, path: Sequence[Node]) -> Path:
    """Write JSON where ``file`` ends in ``.json``, else Markdown; returns the file, ``~`` replaced.

    The file is private (0600), appears whole or not at all, and never takes the place of another.
    Raises `ExportError`.
    """
    render = as_json if file.suffix.lower() == ".json" else markdown
    try:
        file = file.expanduser()
        with new_file(file) as part:
            part.write_bytes(render(conversation, path).encode("utf-8"))
    except FileExistsError:
        raise ExportError(f"{file} is there already and was left as it is: give another name") from None
    except (OSError, RuntimeError) as error:
        raise ExportError(
            f"{file} cannot be written ({reason(error)}): nothing was exported; "
            "give the name of a file in a folder that is there, writable and not full"
        ) from error
    return file


def _speaker(node: Node) -> str:
    if node.role == "user":
        return "You"
    if node.provenance is None:
        return node.role.capitalize()
    return f"{node.provenance.mode} ({node.provenance.model})"


def _message(node: Node) -> dict[str, object]:
    return {
        "id": node.id,
        "role": node.role,
        "content": node.content,
        "thinking": node.thinking,
        "status": node.status,
        "error": node.error,
        "created_at": _iso(node.created_at),
        "provenance": asdict(node.provenance) if node.provenance else None,
        "usage": asdict(node.usage) if node.usage else None,
        "memories": asdict(node.memories) if node.memories else None,
    }


def _memories(memories: Recollection) -> str:
    """What was shown before the question, folded as thinking is."""
    rows = [
        f"- #{one.id} ({one.stage} {one.temperature:.0f}, relevance {one.relevance:.2f}): "
        + " ".join(one.content.split())
        for one in memories.shown
    ]
    return "\n".join(["<details><summary>Memories shown</summary>\n", *rows, "\n</details>"])


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"
