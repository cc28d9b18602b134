"""The conversations that are being held: the one in front, and those in which an answer is being written.

The one owner of live turns. It must not know widgets; its store may raise `StoreError` from any method.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from tui.ui.dialogue import Dialogue
from tui.ui.meter import Meter

if TYPE_CHECKING:
    from tui.core.conversation import Conversation
    from tui.core.session import Session
    from tui.core.turn import Ask
    from tui.ui.live import Live, Step

#: Seconds that leaving waits for the answers under way to be saved.
PATIENCE = 3.0

#: What the list says of a conversation: an answer is coming, or came and was not looked at.
Sign = Literal["", "writing", "new answer"]


class Desk:
    """Answers in different conversations are written at once; in one conversation, one at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.front = Dialogue(session)
        self._meter = Meter()
        self._live: dict[str, Live] = {}
        self._unseen: set[str] = set()
        self._forgotten: set[str] = set()
        # What could not be written to disk is only here.
        self._unsaved: dict[str, Dialogue] = {}

    @property
    def live(self) -> Live | None:
        """The answer being written in the conversation in front."""
        return self._live.get(self.front.id) if self.front.id else None

    @property
    def meter(self) -> Meter:
        """The meter of the conversation in front."""
        return self.live.meter if self.live else self._meter

    @property
    def resting(self) -> bool:
        """No answer is being written anywhere."""
        return not self._live

    @property
    def behind(self) -> str:
        """What is happening in other conversations, in a few words; empty when nothing is."""
        writing = len(self._live) - (self.live is not None)
        told = [f"{writing} more writing"] if writing else []
        return ", ".join([*told, *([f"{len(self._unseen)} new"] if self._unseen else [])])

    @property
    def waiting(self) -> bool:
        """The answer in front has to wait until another one ends, because every slot has one."""
        engine, live = self._session.loader.engine, self.live
        if engine is None or live is None or live.meter.phase != "waiting":
            return False
        busy = sum(one.meter.phase != "waiting" for one in self._live.values())
        return busy >= engine.info.slots

    def sign(self, conversation: str) -> Sign:
        """What is to be said of a conversation in a list."""
        if conversation in self._live:
            return "writing"
        return "new answer" if conversation in self._unseen else ""

    def begin(self, ask: Ask) -> Live:
        """Start a turn in the conversation in front, where none is under way."""
        from tui.ui.live import Live  # with the first turn: it brings all that makes one

        live = Live(self._session, self.front, ask, self._meter.used)
        self._live[ask.conversation] = live
        live.start()
        return live

    def advance(self) -> list[tuple[Live, list[Step]]]:
        """What has happened in each conversation since the last call."""
        happened = [(live, live.advance()) for live in self._live.values()]
        for key, live in list(self._live.items()):
            if live.over:
                self._over(key, live)
        return [(live, steps) for live, steps in happened if steps]

    def new(self) -> None:
        """Begin afresh in the same voice; nothing is stored yet."""
        fresh = Dialogue(self._session)
        fresh.voice = self.front.voice
        self._put_in_front(fresh)

    def open(self, conversation: Conversation) -> None:
        """Go on with ``conversation``, as far as it has come by now."""
        live = self._live.get(conversation.id)
        held = live.dialogue if live else self._unsaved.get(conversation.id)
        if held is None:
            held = Dialogue(self._session)
            held.open(conversation)
        self._put_in_front(held)

    def refresh_meter(self) -> None:
        """The path in front has changed: count from its last answer."""
        self._meter = Meter.after(self.front.path)

    def forget(self, conversation: str) -> None:
        """It was deleted: stop what is under way in it, and say no more of it."""
        self.stop(conversation)
        self._unseen.discard(conversation)
        self._forgotten.add(conversation)

    def stop(self, conversation: str | None = None) -> bool:
        """End the answer under way in ``conversation`` (None: the one in front); False when there is none."""
        live = self._live.get(conversation) if conversation else self.live
        if live is None:
            return False
        live.stop()
        return True

    def close(self) -> None:
        """Stop all and wait until what there is of each answer is saved, or patience ends."""
        writing = list(self._live.values())  # the screen may go on meanwhile and take the ended ones out
        for live in writing:
            live.stop()
        end = time.monotonic() + PATIENCE
        for live in writing:
            live.join(max(0.0, end - time.monotonic()))

    def _over(self, key: str, live: Live) -> None:
        del self._live[key]
        if live.dialogue.unsaved:
            self._unsaved[key] = live.dialogue
        if live.dialogue is self.front:
            self._meter = live.meter
        elif live.started and key not in self._forgotten:
            self._unseen.add(key)

    def _put_in_front(self, dialogue: Dialogue) -> None:
        self.front.leave_edit()
        self.front = dialogue
        self._unseen.discard(dialogue.id or "")
        self._forgotten.discard(dialogue.id or "")
        self.refresh_meter()
