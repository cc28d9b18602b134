"""The keys of a list of memories, apart from it: the help lists them without what the list imports."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.ui.screens.sheet import Sheet


class MemoryKeys(Sheet[None]):
    """Keys and what they are called; what they do is the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back to the chat", id="memory_leave"),
        Binding("p", "pin", "show it with every question here, or no longer", id="memory_pin"),
        Binding("v", "veto", "never show it here again, or do", id="memory_veto"),
        Binding(
            "f", "forget", "twice: delete it; a federation's row is only hidden here", id="memory_forget"
        ),
        # Before the list's own, which has the keyboard.
        Binding("pageup", "scroll('up')", "scroll back in its text", priority=True, id="memory_up"),
        Binding("pagedown", "scroll('down')", "scroll on in its text", priority=True, id="memory_down"),
    ]
