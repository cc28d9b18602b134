"""Which classes have the keys that can be pressed and put elsewhere.

What a key does is said in the ``BINDINGS`` of its class.
"""

from __future__ import annotations

from tui.ui.app import ChatApp
from tui.ui.keys import Group
from tui.ui.screens.evaluation_keys import EvaluationKeys
from tui.ui.screens.keyed import Keyed
from tui.ui.screens.memory_keys import MemoryKeys
from tui.ui.widgets.conversations import Conversations
from tui.ui.widgets.prompt import Prompt

_CHAT, _LIST, _EVALUATION = frozenset({"chat"}), frozenset({"list"}), frozenset({"evaluation"})
_MEMORIES = frozenset({"memories"})

#: Whose keys the help, the palette and docs/keys.md list, and config.toml may change.
KEY_GROUPS = (
    Group("Writing", Prompt, _CHAT, ""),
    Group("The conversation", Keyed, _CHAT, "screen."),
    Group("The list of conversations", Conversations, _LIST, None),
    Group("The memories of an answer (F5)", MemoryKeys, _MEMORIES, None),
    Group("The evaluation (/eval)", EvaluationKeys, _EVALUATION, None),
    Group("The program", ChatApp, _CHAT | _LIST, "app."),
)
