"""The commands for what is on the screen: copy, versions, context, sidebar.

A handler raises one of `REFUSALS` (see `commands`) with the reason as text; the screen shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.core.versions import Version
from tui.ui import copying
from tui.ui.dialogue import NothingThere
from tui.ui.text import lines, number, one_line
from tui.ui.wording import context_lines

if TYPE_CHECKING:
    from tui.ui.screens.chat import ChatScreen

_STEPS = {"previous": -1, "prev": -1, "next": 1}
#: Characters of what was typed that a complaint repeats.
_TOLD = 40


async def copy(screen: ChatScreen, argument: str) -> None:
    """``[N] [code]``: an answer, the last one being 1, or the last block of code in it."""
    words = argument.lower().split()
    code = "code" in words
    rest = [word for word in words if word != "code"]
    at = number(rest[0]) if rest else None
    if len(rest) > 1 or (rest and at is None):
        told = one_line(argument)[:_TOLD]
        raise NothingThere(f"what is to be copied? /copy [N] [code], not /copy {told}")
    path = screen.dialogue.path
    text = copying.code(path, at) if code else copying.answer(path, 1 if at is None else at)
    screen.app.copy_to_clipboard(text)
    what = "block of code" if code else "answer"
    screen.app.notify(f"copied: {what}, {lines(len(text.splitlines()))}", markup=False)


async def version(screen: ChatScreen, argument: str) -> None:
    """``previous``, ``next`` or a number, of the last message that has versions, or of the place given."""
    places = [node for node in reversed(screen.dialogue.path) if node.id in screen.dialogue.versions]
    if not places:
        raise NothingThere("there is no other version here: /regenerate or /edit makes one")
    wanted, _, place = argument.partition(" ")
    if not wanted:
        return await _list_versions(screen)
    at = number(place) if place.strip() else 1
    if at is None or not 1 <= at <= len(places):
        raise NothingThere(f"there is no place {one_line(place)[:_TOLD]} with versions: /version lists them")
    await go_to_version(screen, _target(screen.dialogue.versions[places[at - 1].id], wanted))


async def go_to_version(screen: ChatScreen, message: str) -> None:
    """Read on, and go on, from another version."""
    if screen.desk.live is not None:
        raise NothingThere("an answer is under way: stop it first (Escape)")
    screen.dialogue.go_to(message)
    screen.desk.refresh_meter()
    await screen.show_all()


async def context(screen: ChatScreen, _argument: str) -> None:
    split = screen.counting.split
    if split is None:
        raise NothingThere("the context is not counted yet: the model is still busy, try again")
    told = context_lines(split, min(screen.transcript.room - 4, 60))
    await screen.transcript.note(Content("\n".join(told)))


async def sidebar(screen: ChatScreen, _argument: str) -> None:
    screen.toggle_sidebar()


def _target(here: Version, wanted: str) -> str:
    if (at := number(wanted)) is not None:
        step = at - 1 - here.at
    elif wanted in _STEPS:
        step = _STEPS[wanted]
    else:
        raise NothingThere(f"which version? previous, next or a number, not {one_line(wanted)[:_TOLD]}")
    found = here.beside(step)
    if found is None:
        raise NothingThere(f"there is no such version: this is {here.label}")
    return found


async def _list_versions(screen: ChatScreen) -> None:
    rows: list[str] = []
    for node in reversed(screen.dialogue.path):
        if here := screen.dialogue.versions.get(node.id):
            what = "question" if node.role == "user" else "answer"
            start = one_line(node.content)[:40]
            rows.append(f"{len(rows) + 1}: {what} {here.label}  {start}")
    rows.append("/version previous, /version next, /version N; a place after it: /version N PLACE")
    await screen.transcript.note("\n".join(rows))
