"""What widgets tell the screen, each named after what has happened.

This module must not know who sends or who listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui.core.complete import Completion
    from tui.core.context import Split
    from tui.core.conversation import Conversation, Hit


class PromptSent(Message):
    """The operator sent ``text``, which is not blank; the prompt is empty now."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class CompletionTaken(Message):
    """The operator clicked ``completion``, a way to go on with what is being typed."""

    def __init__(self, completion: Completion) -> None:
        super().__init__()
        self.completion = completion


class SettingsChanged(Message):
    """The session's settings are other ones than before."""


class PromptTroubled(Message):
    """Something about the prompt failed; ``reason`` says what, and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class VersionWanted(Message):
    """The operator wants to read on from ``message``, another version of one that is shown."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message


class ConversationChosen(Message):
    """The operator chose ``conversation`` in a list."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


class DeletionWanted(Message):
    """The operator wants ``conversation`` gone from the list."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


class UndoWanted(Message):
    """The operator wants what was deleted last back."""


class ListLeft(Message):
    """The operator is done with a list of conversations and chose none."""


class Found(Message):
    """The conversations that were looked up for ``words``, or why they could not be."""

    def __init__(self, words: str, hits: list[Hit], error: str = "") -> None:
        super().__init__()
        self.words, self.hits, self.error = words, hits, error


class Counted(Message):
    """The tokens of a context were counted; ``split`` is None when they could not be."""

    def __init__(self, key: tuple[str, str | None], split: Split | None) -> None:
        super().__init__()
        self.key, self.split = key, split
