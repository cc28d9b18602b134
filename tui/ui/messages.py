"""What widgets tell the screen, each named after what has happened.

This module must not know who sends or who listens.
"""

from __future__ import annotations

from textual.message import Message


class PromptSent(Message):
    """The operator pressed Enter on ``text``, which is not blank; the prompt is empty now."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class LastQuestionWanted(Message):
    """Up was pressed on an empty prompt."""
