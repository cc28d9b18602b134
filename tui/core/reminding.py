"""What an answer is shown of memories: looked for anew, or what another answer to the question was shown.

It must not know how an answer is written, nor where memories are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.contract import Message
from tui.core.conversation import Node, Recollection, Reminded
from tui.core.memories import ROOM, Memories
from tui.core.recollection import Count, cited, fitted, without
from tui.core.store import Store
from tui.core.window import answer_room

if TYPE_CHECKING:
    from tui.core.turn import Ask

#: There is nothing to show and nothing to say.
NOTHING = Reminded(None)
#: Characters that a token may stand for when nothing was counted yet; what is too much is left out after.
_CHARACTERS = 4


class Reminder:
    """Trouble with memories costs memories only; that of ``store`` and of counting is raised."""

    def __init__(self, memories: Memories, store: Store) -> None:
        self._memories, self._store = memories, store

    def remind(self, ask: Ask, path: Sequence[Node], context: int, count: Count) -> Reminded:
        """What the answer to the end of ``path`` is shown. Raises `StoreError`, `EngineError`."""
        question = path[-1]
        if not ask.recall:
            return NOTHING
        if ask.question is None and (known := self._known(ask.conversation, question.id)):
            return Reminded(known, notes=self._memories.news())
        policy = ask.voice.lead.memory
        if not self._memories.ready(policy):
            return Reminded(None, notes=self._memories.news())
        prompt = ask.voice.lead.prompt
        alone = [*([Message("system", prompt)] if prompt else []), Message("user", question.content)]
        limit = min(context // 4, context - answer_room(context) - count(alone))
        room = min(ROOM, _CHARACTERS * max(0, limit))
        found = self._memories.recall(question.content, policy, ask.conversation, room)
        shown = fitted(Recollection(found.block, found.shown), question.content, count, limit)
        return Reminded(shown, found.abstained, found.notes)

    def read(self, conversation: str, path: Sequence[Node]) -> list[Node]:
        """``path`` as the model is shown it: what was vetoed since is not shown again."""
        if not any(node.memories for node in path):
            return list(path)
        vetoed = self._memories.vetoed(conversation)
        return [
            replace(node, memories=without(node.memories, vetoed)) if node.memories else node for node in path
        ]

    def answered(self, conversation: str, answer: str, memories: Recollection | None) -> None:
        """The answer is on record: what it names was used."""
        self._memories.used(cited(answer, memories), conversation)

    def _known(self, conversation: str, question: str) -> Recollection | None:
        """What the newest answer to ``question`` that was shown anything was shown, unless that changed."""
        answers = reversed(self._store.children(question, conversation))
        found = next((answer.memories for answer in answers if answer.memories), None)
        if found is None:
            return None
        shown = {one.id for one in found.shown}
        pinned, vetoed = self._memories.pinned(conversation), self._memories.vetoed(conversation)
        return found if shown.issuperset(pinned) and shown.isdisjoint(vetoed) else None
