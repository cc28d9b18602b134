"""The words that may follow a command here and now: modes, conversations, files, themes, memories.

This module must not know widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modes.blend import ALIASES
from tui.core.commands import Kind
from tui.core.complete import Candidate, files
from tui.core.conversation import SHORT_ID
from tui.core.session import Session
from tui.core.store import StoreError
from tui.ui.dialogue import Dialogue
from tui.ui.text import one_line

#: What can follow ``/memory``.
_MEMORY = {
    "on": "show memories to the model in this conversation",
    "off": "recall nothing in this conversation",
    "list": "those shown with the last answer",
    "search ": "find some by words and meaning",
    "stats": "what the store holds",
}
#: And what by the number of one.
_OF_ONE = ("open", "pin", "unpin", "veto", "unveto", "forget")


class SessionCandidates:
    """Asks the session each time, so that what is new is offered."""

    def __init__(self, session: Session, themes: Callable[[], Iterable[str]], front: Dialogue) -> None:
        self._session, self._themes, self._front = session, themes, front

    def __call__(self, kind: Kind, written: str) -> Iterable[Candidate]:
        match kind:
            case "mode":
                return self._modes()
            case "conversation":
                return self._conversations()
            case "theme":
                return [Candidate(name) for name in self._themes()]
            case "memory":
                return self._memories()
            case "file":
                return files(written)

    def _modes(self) -> Iterable[Candidate]:
        self._session.refresh_modes()
        modes = self._session.catalog.modes
        yield from (Candidate(name, mode.description) for name, mode in modes.items())
        yield from (Candidate(name, "the bare model") for name in sorted(ALIASES) if name == "off")

    def _conversations(self) -> Iterable[Candidate]:
        try:
            found = self._session.store.list()
        except StoreError:
            return  # the command itself will say so
        for one in found:
            short = one.id[:SHORT_ID]
            yield Candidate(short, short, one_line(one.title) or short)

    def _memories(self) -> Iterable[Candidate]:
        yield from (Candidate(word, help) for word, help in _MEMORY.items())
        shown = [one for node in reversed(self._front.path) if node.memories for one in node.memories.shown]
        for one in {one.id: one for one in shown}.values():
            for verb in _OF_ONE:
                yield Candidate(f"{verb} {one_line(one.id)}", one_line(one.content)[:60])
