"""Where the operator stands: which conversation, at which message, in which voice.

The one place that holds this. It must not know widgets; its store may raise `StoreError` from any method.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from modes.blend import BASE, VoiceError
from tui.core.store import StoreError

if TYPE_CHECKING:
    from modes.voice import Voice
    from tui.core.conversation import Conversation, Finished, Node, Reminded, Started
    from tui.core.session import Session
    from tui.core.turn import Ask
    from tui.core.versions import Version


class NothingThere(Exception):
    """A command that needs a question, an answer or a conversation, where there is none yet."""


class Dialogue:
    """A conversation being held; it is stored from its first question on.

    ``versions`` has an entry for every message on the path that has others beside it. ``unsaved``: there is
    an answer that could not be written to disk.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.conversation: Conversation | None = None
        self.path: list[Node] = []
        self.versions: dict[str, Version] = {}
        self.unsaved = False
        self._edited: Node | None = None
        self._recalls: bool | None = None
        self.voice, self.trouble = self._voice(session.config.mode)

    @property
    def id(self) -> str | None:
        """The conversation's id, None before its first question."""
        return self.conversation.id if self.conversation else None

    @property
    def title(self) -> str:
        """As it was when the conversation was opened; empty for one begun here."""
        return self.conversation.title if self.conversation else ""

    @property
    def editing(self) -> bool:
        """The next question takes the place of the last one."""
        return self._edited is not None

    @property
    def last_question(self) -> Node | None:
        """The newest question on the way here."""
        return next((node for node in reversed(self.path) if node.role == "user"), None)

    @property
    def recalls(self) -> bool:
        """Whether questions here are shown memories, if there are any."""
        if self._recalls is not None:
            return self._recalls
        memories = self._session.memories()
        return memories is not None and memories.on(self.id)

    def switch_memory(self, on: bool) -> None:
        """Show memories here or do not, until the program ends."""
        self._recalls = on
        memories = self._session.memories()
        if memories is not None and self.id is not None:
            memories.switch(self.id, on)

    def ask(self, question: str) -> Ask:
        """A turn for ``question``; the conversation is made in the store if there is none."""
        if self.conversation is None:
            self.conversation = self._session.store.create(self.voice.spec)
            if self._recalls is not None:
                self.switch_memory(self._recalls)
        end = self.path[-1].id if self.path else None
        parent = self._edited.parent if self._edited is not None else end
        return self._turn(self.conversation, question, parent)

    def again(self) -> Ask:
        """A turn that answers the last question once more. Raises `NothingThere`."""
        question = self.last_question
        if question is None or self.conversation is None:
            raise NothingThere("there is no question to answer again")
        return self._turn(self.conversation, None, question.id)

    def edit(self) -> str:
        """The text of the last question, which the next one will replace. Raises `NothingThere`."""
        question = self.last_question
        if question is None:
            raise NothingThere("there is no question to edit")
        self._edited = question
        return question.content

    def leave_edit(self) -> None:
        """The next question follows the last answer after all."""
        self._edited = None

    def started(self, event: Started) -> bool:
        """The turn is on record: the path now ends in its question and its answer to be.

        True when it branched off, so that messages shown before are no longer on the path.
        """
        before = len(self.path)
        self._edited = None
        parent = event.question.parent if event.question else event.answer.parent
        ends = [at for at, node in enumerate(self.path) if node.id == parent]
        kept = self.path[: ends[0] + 1] if ends else []
        self.path = [*kept, *([event.question] if event.question else []), event.answer]
        branched = len(kept) < before
        if branched:
            self.versions = self._versions()
        return branched

    def reminded(self, event: Reminded) -> None:
        """What the last answer is written with is known."""
        self.path[-1] = replace(self.path[-1], memories=event.memories)

    def wrote(self, text: str, thinking: str) -> None:
        """More of the last answer has come."""
        last = self.path[-1]
        self.path[-1] = replace(last, content=last.content + text, thinking=last.thinking + thinking)

    def finished(self, event: Finished) -> None:
        """The last answer is over."""
        self.path[-1] = event.answer

    def switch(self, spec: str) -> Voice:
        """Speak in another mode from the next question on. Raises `VoiceError` and changes nothing then."""
        voice = self._session.catalog.voice(spec)
        self._session.asked_for(voice)
        if self.conversation is not None:
            self._session.store.set_mode(self.conversation.id, voice.spec)
        self.voice = voice
        return voice

    def renew(self) -> None:
        """Speak as the mode's file says by now; a mode that is gone is spoken in as it was."""
        with suppress(VoiceError):
            self.voice = self._session.catalog.voice(self.voice.spec)

    def open(self, conversation: Conversation) -> None:
        """Go on with ``conversation`` where it stands, in its mode (or base, and `trouble` says why)."""
        path = self._session.store.path(conversation.head) if conversation.head else []
        self.conversation, self.path, self._edited = conversation, path, None
        self.versions = self._versions()
        self.voice, self.trouble = self._voice(conversation.mode)

    def go_to(self, message: str) -> None:
        """Stand in the branch of ``message``, another version of one on the path."""
        assert self.conversation is not None
        store, place = self._session.store, self.conversation.id
        end = store.leaf(message, place)
        store.set_head(place, end.id)
        self.path, self._edited = store.path(end.id), None
        self.versions = self._versions()

    def rename(self, title: str) -> None:
        """Raises `NothingThere`."""
        if self.conversation is None:
            raise NothingThere("there is nothing to name yet: ask a question first")
        self._session.store.rename(self.conversation.id, title)

    def fork(self) -> Conversation:
        """A new conversation that goes on from here, and we in it. Raises `NothingThere`."""
        if not self.path:
            raise NothingThere("there is nothing to fork yet: ask a question first")
        forked = self._session.store.fork(self.path[-1].id)
        self._session.store.set_mode(forked.id, self.voice.spec)
        self.conversation, self._edited = forked, None
        self.versions = self._versions()
        return forked

    def _turn(self, conversation: Conversation, question: str | None, parent: str | None) -> Ask:
        from tui.core.turn import Ask

        return Ask(conversation.id, self.voice, question, parent, recall=self.recalls)

    def _versions(self) -> dict[str, Version]:
        if self.conversation is None or not self.path:
            return {}
        from tui.core.versions import versions

        try:
            return versions(self._session.store, self.path, self.conversation.id)
        except StoreError:
            return {}  # the messages themselves are there to be read

    def _voice(self, spec: str) -> tuple[Voice, str | None]:
        try:
            return self._session.catalog.voice(spec), None
        except VoiceError as error:
            return self._session.catalog.voice(BASE), f"{error}; going on in {BASE}"
