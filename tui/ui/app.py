"""The Textual application: puts the screen up, and ends when the terminal goes away.

It wires, it does not do. The session is made and closed by whoever starts it.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.core.session import Session
from tui.ui.screens.chat import ChatScreen
from tui.ui.theme import THEME


class ChatApp(App[None]):
    """Chats on ``session``, from the start or from the conversation that ``resume`` (an id) names."""

    CSS_PATH = "tui.tcss"
    TITLE = "modeshare"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "leave", show=False, priority=True),
    ]

    def __init__(self, session: Session, resume: str | None = None) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (12, "-tall")]
        self._chat = ChatScreen(session, resume)
        self._before: dict[signal.Signals, Any] = {}
        self.register_theme(THEME)
        wanted = session.config.theme or THEME.name
        if wanted not in self.available_themes:
            known = ", ".join(sorted(self.available_themes))
            session.notices.append(f"no theme is called {wanted!r}: the themes are {known}")
            wanted = THEME.name
        self.theme = wanted

    def get_default_screen(self) -> Screen[None]:
        return self._chat

    def on_mount(self) -> None:
        if threading.current_thread() is threading.main_thread():
            # Not the event loop's handler: the loop may be stuck writing to a terminal that is gone.
            for number, handler in ((signal.SIGHUP, self._hung_up), (signal.SIGTERM, self._terminated)):
                self._before[number] = signal.signal(number, handler)

    def on_unmount(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _terminated(self, _signal: int, _frame: FrameType | None) -> None:
        self.call_later(self.exit)

    def _hung_up(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)

        def end() -> None:
            self._chat.desk.close()
            os.kill(os.getpid(), number)

        # Apart, because the screen's thread may hold what the answer needs to be saved.
        threading.Thread(target=end, name="hang-up", daemon=True).start()
