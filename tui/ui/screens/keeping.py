"""The commands that keep conversations: delete, bring back, name, export.

A handler raises one of `REFUSALS` (see `commands`) with the reason as text; the screen shows it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.conversation import Conversation
from tui.core.export import export_to, file_name
from tui.ui.dialogue import NothingThere
from tui.ui.text import one_line

if TYPE_CHECKING:
    from tui.ui.screens.chat import ChatScreen


async def delete(screen: ChatScreen, argument: str) -> None:
    """The conversation in front, or the one that ``argument`` names."""
    if argument:
        return await delete_one(screen, screen.session.store.get(argument))
    if screen.dialogue.conversation is None:
        raise NothingThere("there is nothing to delete yet")
    await delete_one(screen, screen.dialogue.conversation)


async def delete_one(screen: ChatScreen, conversation: Conversation) -> None:
    """Gone from every list; what is being written in it is stopped and kept with it."""
    store = screen.session.store
    title = one_line(store.get(conversation.id).title)
    store.delete(conversation.id)
    screen.desk.forget(conversation.id)
    if conversation.id == screen.dialogue.id:
        screen.desk.new()
        await screen.show_all()
    screen.lists_changed()
    await screen.transcript.note(f"deleted: {title} (/undo brings it back; it is kept for 30 days)")


async def undo(screen: ChatScreen, _argument: str = "") -> None:
    """Bring back what was deleted last, and go there."""
    last = next(iter(screen.session.store.deleted()), None)
    if last is None:
        raise NothingThere("there is nothing to bring back: no conversation was deleted")
    back = screen.session.store.undelete(last.id)
    await screen.open(back)
    await screen.transcript.note(f"back again: {one_line(back.title)}")


async def rename(screen: ChatScreen, argument: str) -> None:
    title = one_line(argument)
    if not title:
        raise NothingThere("a title is needed: /rename TEXT")
    screen.dialogue.rename(title)
    screen.lists_changed()
    await screen.transcript.note(f"title: {title}")


async def export(screen: ChatScreen, argument: str) -> None:
    """To the file ``argument``, JSON where it ends in .json, or to one in this folder named by the title."""
    if screen.dialogue.id is None or not screen.dialogue.path:
        raise NothingThere("there is nothing to export yet: ask a question first")
    conversation = screen.session.store.get(screen.dialogue.id)
    wanted = Path(argument or file_name(conversation))
    written = export_to(wanted, conversation, screen.dialogue.path)
    await screen.transcript.note(f"exported to {written.absolute()}")
