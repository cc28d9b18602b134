"""Keeps the account of the context of the conversation in front.

Counting asks the engine and takes its time, so it happens on a thread that whoever holds this provides. This
module must not know widgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.contract import Engine
    from modes.voice import Voice
    from tui.core.context import Split
    from tui.core.conversation import Node
    from tui.core.session import Session
    from tui.ui.desk import Desk

#: What a count depends on: the voice's version, and the path's end where no answer has been measured.
Key = tuple[str, str | None]


class Counting:
    """The last count, and whether there has to be another one."""

    def __init__(self, session: Session, desk: Desk) -> None:
        self._session, self._desk = session, desk
        self._counted: dict[Key, Split] = {}
        self._under_way: Key | None = None

    @property
    def split(self) -> Split | None:
        """As far as it is known now; it grows with the answer being written."""
        split = self._counted.get(self._key) if self._counted else None
        if split is None or self._desk.meter.used is None:
            return split
        from tui.core.context import remembered

        return split.grown(self._desk.meter.used, remembered(self._desk.front.path))

    def wanted(self) -> tuple[Key, Engine, Voice, list[Node]] | None:
        """What `count` is to be called with, None when all is counted or being counted."""
        engine, key = self._session.loader.engine, self._key
        if engine is None or key in self._counted or key == self._under_way:
            return None
        self._under_way = key
        return key, engine, self._desk.front.voice, self._desk.front.path[:] if key[1] else []

    def take(self, key: Key, split: Split | None) -> None:
        """What `count` gave."""
        self._under_way = None
        if split is not None:
            self._counted[key] = split

    @property
    def _key(self) -> Key:
        front = self._desk.front
        known = self._desk.meter.used is not None or not front.path
        return front.voice.version, None if known else front.path[-1].id


def count(engine: Engine, voice: Voice, path: list[Node]) -> Split | None:
    """Blocks; None when the engine refuses."""
    from engine.contract import EngineError
    from tui.core.context import measure

    try:
        return measure(engine, voice, path)
    except EngineError:
        return None
