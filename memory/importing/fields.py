"""What a file says of a text besides the text: checked, and put into its draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from memory.contract import BadMemory
from memory.draft import Draft
from memory.record import BEYOND, FIRST

_KNOWN = {"temperature", "tags", "domain", "sacred", "kind", "created_at", "metadata"}
_TEXTS = {"content", "text", "messages"}


def with_fields(like: Draft, fields: Mapping[str, Any], where: str) -> Draft:
    """``like`` with what ``fields`` says; unknown fields go into its metadata.

    Raises `BadMemory`, which begins with ``where``, for a field of another type.
    """
    metadata = fields.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise BadMemory(f"{where}: metadata must be an object")
    more = {name: value for name, value in fields.items() if name not in _KNOWN | _TEXTS}
    return replace(
        like,
        temperature=_temperature(fields.get("temperature"), like.temperature, where),
        tags=_tags(fields.get("tags"), like.tags, where),
        domain=_text(fields, "domain", like.domain, where),
        kind=_text(fields, "kind", like.kind, where),
        sacred=_sacred(fields.get("sacred"), like.sacred, where),
        created_at=_time(fields.get("created_at"), where),
        metadata={**like.metadata, **more, **(metadata or {})},
    )


def _temperature(given: Any, otherwise: float, where: str) -> float:
    if given is None:
        return otherwise
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
        raise BadMemory(f"{where}: temperature must be a number from 0 to 100")
    return float(given)


def _tags(given: Any, otherwise: tuple[str, ...], where: str) -> tuple[str, ...]:
    if given is None:
        return otherwise
    if not isinstance(given, list) or not all(isinstance(tag, str) for tag in given):
        raise BadMemory(f"{where}: tags must be a list of texts")
    return tuple(dict.fromkeys((*otherwise, *given)))


def _text(fields: Mapping[str, Any], name: str, otherwise: str | None, where: str) -> str | None:
    given = fields.get(name)
    if given is not None and not isinstance(given, str):
        raise BadMemory(f"{where}: {name} must be a text")
    return given or otherwise


def _sacred(given: Any, otherwise: bool, where: str) -> bool:
    if given is not None and not isinstance(given, bool):
        raise BadMemory(f"{where}: sacred must be true or false")
    return otherwise if given is None else given


def _time(given: Any, where: str) -> float | None:
    """Seconds since 1970, or ISO 8601, without a zone UTC. Milliseconds lie beyond all years."""
    if given is None:
        return None
    if isinstance(given, int | float) and not isinstance(given, bool) and FIRST <= given < BEYOND:
        return float(given)
    if isinstance(given, str):
        try:
            time = datetime.fromisoformat(given)
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            pass
    raise BadMemory(f"{where}: created_at must be seconds since 1970 or a time such as 2026-02-01T12:00:00")
