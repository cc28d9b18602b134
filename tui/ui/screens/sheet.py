"""A screen before everything else, which closes only once.

What closes it comes as a message, and a second one may be on its way by then: Enter, pressed twice.
"""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Sheet(ModalScreen[ScreenResultType]):
    """A modal screen that leaves alone what is behind it."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with ``result``; nothing happens when it is closed already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
