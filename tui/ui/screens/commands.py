"""What each slash command does on this screen. Which commands there are is `tui.core.commands`' business.

A handler raises one of `REFUSALS` with the reason as text; the screen shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.content import Content

from modes.blend import VoiceError
from tui.core.conversation import SHORT_ID, Conversation
from tui.core.export import ExportError
from tui.core.store import NoSuchConversation, StoreError
from tui.ui import theme
from tui.ui.badge import badge
from tui.ui.dialogue import NothingThere
from tui.ui.messages import ConversationChosen
from tui.ui.screens import keeping, reading, remembering
from tui.ui.screens.conversations import ConversationsScreen
from tui.ui.text import one_line
from tui.ui.wording import mode_table, voice_lines

if TYPE_CHECKING:
    from tui.ui.screens.chat import ChatScreen

Handler = Callable[["ChatScreen", str], Awaitable[None]]

#: Errors whose text is meant for the operator, and after which nothing has changed.
REFUSALS = (VoiceError, StoreError, ExportError, NothingThere, theme.NoSuchTheme)


async def _mode(screen: ChatScreen, argument: str) -> None:
    if not argument:
        room = screen.transcript.room
        table = mode_table(screen.session.catalog, screen.dialogue.voice, screen.glyphs, room)
        return await screen.transcript.note(table)
    voice = screen.dialogue.switch(argument)
    lines = [Content.assemble("mode: ", badge(voice, screen.glyphs)), *map(Content, voice_lines(voice))]
    await screen.transcript.note(Content("\n").join(lines))


async def _new(screen: ChatScreen, _argument: str) -> None:
    screen.desk.new()
    await screen.show_all()


async def _list(screen: ChatScreen, argument: str) -> None:
    _choose(screen, argument)


async def _resume(screen: ChatScreen, argument: str) -> None:
    if not argument:
        return _choose(screen, "")
    try:
        found = [screen.session.store.get(argument)]
    except NoSuchConversation as error:
        found = [hit.conversation for hit in screen.session.store.search(argument, 2)]
        if not found:
            raise NothingThere(f"{error}; and none has these words") from None
    if len(found) > 1:
        return _choose(screen, argument)
    await screen.open(found[0])


async def _regenerate(screen: ChatScreen, _argument: str) -> None:
    _at_rest(screen)
    await screen.run_turn(screen.dialogue.again())


async def _edit(screen: ChatScreen, _argument: str) -> None:
    _at_rest(screen)
    editing, question = screen.dialogue.editing, screen.dialogue.edit()
    if not editing:
        screen.prompt.set_aside()
    screen.prompt.put(question)


async def _fork(screen: ChatScreen, _argument: str) -> None:
    _at_rest(screen)
    source, forked = screen.dialogue.id, screen.dialogue.fork()
    memories = screen.session.memories()
    if memories is not None and source is not None:
        await asyncio.to_thread(memories.forked, source, forked.id)
    screen.lists_changed()
    await screen.transcript.note(
        f"forked: this is now {one_line(forked.title)} ({forked.id[:SHORT_ID]}); /list has the other"
    )


async def _stop(screen: ChatScreen, _argument: str) -> None:
    if not screen.desk.stop():
        raise NothingThere("there is no answer under way")


async def _theme(screen: ChatScreen, argument: str) -> None:
    if argument:
        theme.choose(screen.app, argument)
    source = screen.session.settings_file
    await screen.transcript.note(theme.told(screen.app, source.file if source else None))


async def _help(screen: ChatScreen, _argument: str) -> None:
    await screen.app.run_action("app.help")


async def _eval(screen: ChatScreen, _argument: str) -> None:
    from tui.ui.screens.evaluation import EvaluationScreen  # nobody else needs what it imports

    app, name = screen.app, "evaluation"
    if not app.is_screen_installed(name):
        app.install_screen(EvaluationScreen(screen.session, screen.glyphs), name)
    app.push_screen(name)


async def _quit(screen: ChatScreen, _argument: str) -> None:
    screen.app.exit()


HANDLERS: dict[str, Handler] = {
    "mode": _mode,
    "new": _new,
    "list": _list,
    "resume": _resume,
    "rename": keeping.rename,
    "title": keeping.rename,
    "regenerate": _regenerate,
    "edit": _edit,
    "fork": _fork,
    "version": reading.version,
    "copy": reading.copy,
    "export": keeping.export,
    "delete": keeping.delete,
    "undo": keeping.undo,
    "context": reading.context,
    "memory": remembering.memory,
    "sidebar": reading.sidebar,
    "stop": _stop,
    "theme": _theme,
    "help": _help,
    "eval": _eval,
    "quit": _quit,
}


def _at_rest(screen: ChatScreen) -> None:
    if screen.desk.live is not None:
        raise NothingThere("an answer is under way: stop it first (Escape)")


def _choose(screen: ChatScreen, words: str) -> None:
    def chosen(conversation: Conversation | None) -> None:
        if conversation is not None:
            screen.post_message(ConversationChosen(conversation))

    screen.app.push_screen(ConversationsScreen(screen.session.store, screen.rows, screen, words), chosen)
