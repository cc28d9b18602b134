"""The command for memories: ``/memory`` and what can follow it.

Whatever asks the store runs on a thread and is told when it is there. The handler raises `NothingThere` with
the reason as text; the screen shows it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.core.curating import Curator, MemoryRefused
from tui.ui.dialogue import NothingThere
from tui.ui.memory_words import Row, stat_lines
from tui.ui.screens.memories import MemoriesScreen, forgotten
from tui.ui.text import one_line

if TYPE_CHECKING:
    from tui.core.memories import Memories
    from tui.ui.screens.chat import ChatScreen

Verb = Callable[["ChatScreen", str], None]

USAGE = "/memory on|off, list, search TEXT, open ID, pin ID, unpin ID, veto ID, unveto ID, forget ID, stats"


async def memory(screen: ChatScreen, argument: str) -> None:
    """What ``argument`` says; without one, what holds now."""
    verb, _, rest = argument.strip().partition(" ")
    if verb in ("on", "off") and not rest.strip():
        screen.dialogue.switch_memory(verb == "on")
        told = "shows what is near to each question" if verb == "on" else "nothing is recalled"
        return await screen.transcript.note(f"memory {verb} here, until you leave: {told}")
    known = VERBS.get(verb.lower() or "here")
    if known is None:
        raise NothingThere(f"what of the memories? {USAGE}; not /memory {one_line(argument)}")
    known(screen, rest.strip())


def _here(screen: ChatScreen, _argument: str) -> None:
    memories, front = _memories(screen), screen.dialogue

    def work() -> str:
        standing = memories.standing()
        how = replace(standing, on=front.recalls).text(time.time()) if standing else ""
        if not how:
            how = "memory: there is none yet: tui memory add TEXT makes one"
        pinned = memories.pinned(front.id) if front.id else ()
        vetoed = memories.vetoed(front.id) if front.id else ()
        lines = [how, *(_named("pinned here", pinned)), *(_named("vetoed here", sorted(vetoed)))]
        last = next((node.memories for node in reversed(front.path) if node.memories), None)
        if last:
            lines += _named("shown last", [one.id for one in last.shown])
        return "\n".join([*lines, USAGE])

    _tell(screen, work)


def _list(screen: ChatScreen, _argument: str) -> None:
    last = next((node.memories for node in reversed(screen.dialogue.path) if node.memories), None)
    if last is None:
        raise NothingThere("no answer here was shown memories: /memory search TEXT finds some")
    _show(screen, [Row.of_shown(one) for one in last.shown])


def _search(screen: ChatScreen, argument: str) -> None:
    if not argument:
        raise NothingThere("what is to be found? /memory search TEXT")
    curator = Curator(_memories(screen))

    def work() -> str:
        found = [Row.of_found(one) for one in curator.search(argument)]
        if not found:
            return f"no memory has to do with {one_line(argument)}"
        screen.call_later(_show, screen, found)
        return ""

    _tell(screen, work)


def _open(screen: ChatScreen, argument: str) -> None:
    id, curator = _id(argument, "open"), Curator(_memories(screen))

    def work() -> str:
        screen.call_later(_show, screen, [Row.of_found(curator.one(id))])
        return ""

    _tell(screen, work)


def _pin(screen: ChatScreen, argument: str) -> None:
    _set(screen, argument, "pin", "is shown with every question here")


def _unpin(screen: ChatScreen, argument: str) -> None:
    _set(screen, argument, "unpin", "is no longer pinned")


def _veto(screen: ChatScreen, argument: str) -> None:
    _set(screen, argument, "veto", "is never shown here again")


def _unveto(screen: ChatScreen, argument: str) -> None:
    _set(screen, argument, "unveto", "may be shown here again")


def _set(screen: ChatScreen, argument: str, verb: str, told: str) -> None:
    id, place, curator = _id(argument, verb), screen.dialogue.id, Curator(_memories(screen))
    if place is None:
        raise NothingThere(f"there is no conversation yet to {verb} it in: ask a question first")
    do = curator.pin if "pin" in verb else curator.veto

    def work() -> str:
        do(id, place, not verb.startswith("un"))
        return f"#{one_line(id)} {told}"

    _tell(screen, work)


def _forget(screen: ChatScreen, argument: str) -> None:
    id, place, curator = _id(argument, "forget"), screen.dialogue.id, Curator(_memories(screen))
    _tell(screen, lambda: forgotten(id, curator.forget(id, place)))


def _stats(screen: ChatScreen, _argument: str) -> None:
    curator = Curator(_memories(screen))
    _tell(screen, lambda: "\n".join(stat_lines(curator.stats())))


VERBS: dict[str, Verb] = {
    "here": _here,
    "list": _list,
    "search": _search,
    "open": _open,
    "pin": _pin,
    "unpin": _unpin,
    "veto": _veto,
    "unveto": _unveto,
    "forget": _forget,
    "stats": _stats,
}


def _memories(screen: ChatScreen) -> Memories:
    found = screen.session.memories()
    if found is None:
        raise NothingThere("there are no memories here: this conversation has no data folder")
    return found


def _id(argument: str, verb: str) -> str:
    id = argument.strip().removeprefix("#")
    if not id:
        raise NothingThere(
            f"which memory? /memory {verb} ID, such as L3; /memory list names those shown last"
        )
    return id


def _named(what: str, ids: Sequence[str]) -> list[str]:
    return [f"{what}: {', '.join('#' + one_line(id) for id in ids)}"] if ids else []


def _show(screen: ChatScreen, rows: Sequence[Row]) -> None:
    screen.app.push_screen(MemoriesScreen(rows, _memories(screen), screen.dialogue.id, screen.glyphs))


def _tell(screen: ChatScreen, work: Callable[[], str]) -> None:
    """Do ``work`` on a thread, and say what it gives."""

    async def run() -> None:
        try:
            told, kind = await asyncio.to_thread(work), "note"
        except MemoryRefused as refused:
            told, kind = str(refused), "error"
        if told:
            screen.call_later(screen.transcript.note, told, kind)
        screen.call_later(screen.show_status)

    screen.run_worker(run(), group="memory")
