"""The Textual application: puts the screen up, and ends when the terminal goes away.

It wires, it does not do. The session is made and closed by whoever starts it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from tui.ui.messages import SettingsChanged
from tui.ui.screens.chat import ChatScreen
from tui.ui.theme import OURS, Colourless, NoSuchTheme, choose, default
from tui.ui.typed import read_leniently

if TYPE_CHECKING:
    from tui.core.session import Session
    from tui.ui.screens.palette import Entry


class ChatApp(App[None]):
    """Chats on ``session``, from the start or from the conversation that ``resume`` (an id) names."""

    CSS_PATH = "tui.tcss"
    TITLE = "modeshare"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "palette", "find a command, mode or key", id="palette", priority=True),
        Binding("f1", "help", "all commands and keys", id="help"),
        Binding("ctrl+q", "quit", "leave", show=False, id="quit", priority=True),
    ]

    def __init__(self, session: Session, resume: str | None = None) -> None:
        read_leniently()
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (12, "-tall")]
        self._session = session
        self._keymap_wanted: dict[str, str] = {}
        self._chat = ChatScreen(session, resume)
        self._before: dict[signal.Signals, Any] = {}
        for theme in OURS:
            self.register_theme(theme)
        choose(self, default())
        self._settle()

    def get_default_screen(self) -> Screen[None]:
        return self._chat

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *([Colourless()] if self.no_color else [])]

    def bound(self) -> dict[str, list[Binding]]:
        """Every key action with its keys as they are now, in the groups that the help shows."""
        from tui.ui import keys
        from tui.ui.key_groups import KEY_GROUPS

        return {group.title: keys.bound(group.named(), self._keymap_wanted) for group in KEY_GROUPS}

    @on(SettingsChanged)
    def _settle(self) -> None:
        """Take theme and keys from the settings, and note what of them cannot be used."""
        config, notices = self._session.config, self._session.notices
        if config.theme is not None:
            try:
                choose(self, config.theme)
            except NoSuchTheme as error:
                notices.append(str(error))
        self._keymap_wanted = {}
        if config.keys:
            from tui.ui import keys
            from tui.ui.key_groups import KEY_GROUPS

            self._keymap_wanted, wrong = keys.checked(config.keys, KEY_GROUPS)
            notices += wrong
        self.set_keymap(self._keymap_wanted)

    def action_help(self) -> None:
        if isinstance(self.screen, ChatScreen):
            from tui.ui.screens.help import Help

            self.push_screen(Help(self.bound()))

    def action_palette(self) -> None:
        chat = self.screen
        if not isinstance(chat, ChatScreen):
            return
        from tui.ui.key_groups import KEY_GROUPS
        from tui.ui.screens.palette import Palette, entries

        async def chosen(entry: Entry | None) -> None:
            if entry is not None and entry.action:
                await self.run_action(entry.action, chat.prompt)
            elif entry is not None:
                chat.prompt.call(entry.line)

        groups = [group.title for group in KEY_GROUPS if group.namespace is not None]
        shown = [each for title, group in self.bound().items() if title in groups for each in group]
        self.push_screen(Palette(entries(self._session.catalog, shown), chat.glyphs), chosen)

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
            try:
                self._chat.desk.close()
            finally:  # whatever happened, nobody is left who could end the program
                os.kill(os.getpid(), number)

        # Apart, because the screen's thread may hold what the answer needs to be saved.
        threading.Thread(target=end, name="hang-up", daemon=True).start()
