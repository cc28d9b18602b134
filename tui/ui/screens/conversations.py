"""The list of conversations before everything else, for terminals without room for the sidebar.

This module must not know what is done with the one that is chosen.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message_pump import MessagePump

from tui.core.conversation import Conversation
from tui.core.store import Store
from tui.ui.messages import ConversationChosen, DeletionWanted, ListLeft, UndoWanted
from tui.ui.rows import Rows
from tui.ui.screens.sheet import Sheet
from tui.ui.widgets.conversations import Conversations


class ConversationsScreen(Sheet[Conversation | None]):
    """Enter chooses, Escape leaves; what else is wanted is told to ``owner``."""

    def __init__(self, store: Store, rows: Rows, owner: MessagePump, words: str = "") -> None:
        super().__init__()
        self._owner = owner
        self._list = Conversations(store, rows, words, "Enter opens, Escape leaves")

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet"):
            yield self._list

    def look(self) -> None:
        """Look the conversations up again."""
        self._list.look(None)

    @on(ConversationChosen)
    def _chosen(self, event: ConversationChosen) -> None:
        event.stop()
        self.dismiss(event.conversation)

    @on(ListLeft)
    def _left(self, event: ListLeft) -> None:
        event.stop()
        self.dismiss(None)

    @on(DeletionWanted)
    def _delete(self, event: DeletionWanted) -> None:
        event.stop()
        self._owner.post_message(DeletionWanted(event.conversation))

    @on(UndoWanted)
    def _undo(self, event: UndoWanted) -> None:
        event.stop()
        self._owner.post_message(UndoWanted())
