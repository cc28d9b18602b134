"""What widgets tell the screen, each named after what has happened.

This module must not know who sends or who listens.
"""

from __future__ import annotations

from textual.message import Message


class PromptSent(Message):
    """The operator sent ``text``, which is not blank; the prompt is empty now."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class SettingsChanged(Message):
    """The session's settings are other ones than before."""


class PromptTroubled(Message):
    """Something about the prompt failed; ``reason`` says what, and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
