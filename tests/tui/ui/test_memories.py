"""Memories on the screen: under the answer, opened, by command and by key, and when there is trouble."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static

from memory.recalled import Shown
from tests.tui.core.remembered import HARBOUR, TIDE, by_keyword, remember
from tests.tui.ui.conftest import Driver, driving
from tests.tui.ui.stored import add_answer
from tui.core.conversation import Recollection
from tui.core.session import Session
from tui.core.standing import Reach, Standing
from tui.ui.glyphs import ASCII, UNICODE, Glyphs
from tui.ui.memory_words import Row, row
from tui.ui.screens.memories import MemoriesScreen

QUESTION = "Which colour does the harbour master of Ettersby paint every boat?"

#: Colours, a title for the window, a link, text that runs backwards.
HOSTILE = (
    "\x1b[31mred\x1b]0;owned\x07 \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ "
    "\u202eabc\u202c\x9b2J [bold]not[/bold]"
)


@pytest.fixture
def remembering(begin: Callable[..., Session], tmp_path: Path) -> Callable[..., Session]:
    """Makes sessions on one store of memories, in which ``texts`` are."""

    def session(*texts: str, **fields: object) -> Session:
        if texts:
            remember(tmp_path / "memories.sqlite3", *texts, **fields)
        made = begin()
        made._memories = by_keyword(tmp_path / "memories.sqlite3")
        return made

    return session


def stored(session: Session, *shown: Shown, answer: str = "Ochre.") -> str:
    """A conversation whose one answer was shown these; its id."""
    talk = session.store.create("short").id
    question = session.store.add_question(talk, None, QUESTION).id
    node = add_answer(session.store, talk, question, answer)
    session.store.remember(node, Recollection("block", shown, 42))
    return talk


def of(id: str, text: str) -> Shown:
    return Shown(id, text, "red hot", 83.2, 0.71, tokens=17)


async def opened(me: Driver) -> MemoriesScreen:
    await me.until(lambda: isinstance(me.pilot.app.screen, MemoriesScreen))
    screen = me.pilot.app.screen
    assert isinstance(screen, MemoriesScreen)
    await me.until(lambda: str(screen.query_one("#memory", Static).content))
    return screen


def listed(screen: MemoriesScreen) -> list[str]:
    return [str(option.prompt) for option in screen.query_one(OptionList).options]


def foot(screen: MemoriesScreen) -> str:
    return str(screen.query_one(".foot", Static).content)


async def test_an_answer_is_followed_by_the_memories_it_was_written_with(
    remembering: Callable[..., Session],
) -> None:
    async with driving(remembering(HARBOUR, TIDE), size=(120, 30)) as me:
        await me.loaded()
        await me.until(lambda: "memory 2, keywords only" in me.status)
        await me.ask(QUESTION)
        await me.until(lambda: "▸ memories… #L1" in me.transcript)
        tokens = me.chat.dialogue.path[-1].memories.tokens
        assert f"({tokens} tokens, Ctrl+T)" in me.said
        await me.press("ctrl+t")
        assert "#L1 red hot" in me.said and "85 relevance 1.00" in me.said and HARBOUR[:20] in me.said
        assert me.chat.counting.split is None or me.chat.counting.split.memory == tokens
        await me.send("/context")
        await me.until(lambda: f"memory {tokens} tokens" in me.said)
        await me.send("/memory off")
        await me.until(lambda: "memory off" in me.status)
        await me.ask(QUESTION)
        assert me.chat.dialogue.path[-1].memories is None
        await me.send("/memory on")
        await me.ask("/regenerate")
        await me.until(lambda: me.chat.dialogue.path[-1].memories is not None)


async def test_a_conversation_that_is_opened_again_shows_them_too(
    remembering: Callable[..., Session],
) -> None:
    session = remembering()
    talk = stored(session, of("L1", HARBOUR), of("fed-7", TIDE))
    async with driving(session, resume=talk) as me:
        assert "▸ memories… #L1, #fed-7 (42 tokens, Ctrl+T)" in me.said
        await me.press("ctrl+t")
        assert "#fed-7 red hot 83 relevance 0.71 17 tokens High tide" in me.said
        assert "F5 opens them" in me.said
        assert me.session.standing() is None, "no store: nothing is said of one"


async def test_what_a_memory_says_can_do_nothing_to_the_terminal(remembering: Callable[..., Session]) -> None:
    session = remembering(HOSTILE, domain="\x1b[2Jdomain", tags=("\x1b]0;tag\x07",), provenance="a\x9bb")
    talk = stored(session, of("L1", HOSTILE), of("L\x1b[31m2", "gone"))
    async with driving(session, resume=talk) as me:
        await me.press("ctrl+t")
        await me.press("f5")
        screen = await opened(me)
        told = "\n".join([me.transcript, *listed(screen), str(screen.query_one("#memory", Static).content)])
        assert not [each for each in told if each in "\x1b\x07\x9b\u202e\u202c"]
        assert "owned" not in told and "[bold]not[/bold]" in told and "L2" in told


async def test_a_memory_is_opened_pinned_vetoed_and_forgotten_by_keys(
    remembering: Callable[..., Session],
) -> None:
    session = remembering(HARBOUR, TIDE, domain="port", temperature=40.0)
    talk = stored(session, of("L1", HARBOUR), of("L2", TIDE))
    async with driving(session, resume=talk) as me:
        await me.press("f5")
        screen = await opened(me)
        full = str(screen.query_one("#memory", Static).content)
        assert HARBOUR in full and "from:        this machine" in full and "domain:      port" in full
        assert "40 now (cool)" in full
        await me.pilot.press("p")
        await me.until(lambda: "#L1 is shown with every question here" in foot(screen))
        await me.until(lambda: "pinned" in listed(screen)[0])
        await me.pilot.press("down", "v")
        await me.until(lambda: "vetoed" in listed(screen)[1])
        await me.pilot.press("f")
        await me.until(lambda: "F again forgets #L2 for good" in foot(screen))
        await me.pilot.press("f")
        await me.until(lambda: "#L2 is forgotten" in foot(screen))
        await me.until(lambda: "as it was shown" in str(screen.query_one("#memory", Static).content))
        assert "forgotten" in listed(screen)[1]
        memories = session.memories()
        assert memories.pinned(talk) == ("L1",) and memories.vetoed(talk) == {"L2"}
        await me.pilot.press("escape")
        await me.until(lambda: me.pilot.app.screen is me.chat)


async def test_a_long_memory_is_read_to_its_end_by_keys(remembering: Callable[..., Session]) -> None:
    session = remembering("\n".join(f"verse {number}" for number in range(200)))
    async with driving(session) as me:
        await me.send("/memory open L1")
        text = (await opened(me)).query_one(VerticalScroll)
        await me.pilot.press("pagedown")
        await me.until(lambda: text.scroll_y > 0)
        await me.pilot.press("pageup")
        await me.until(lambda: text.scroll_y == 0)


async def test_commands_say_what_holds_find_pin_and_tell_what_there_is(
    remembering: Callable[..., Session],
) -> None:
    session = remembering(HARBOUR, TIDE)
    talk = stored(session, of("L1", HARBOUR))
    async with driving(session, resume=talk) as me:
        for line, answer in (
            ("/memory pin #L2", "#L2 is shown with every question here"),
            ("/memory veto L1", "#L1 is never shown here again"),
            ("/memory", "pinned here: #L2 vetoed here: #L1 shown last: #L1 /memory on|off"),
            ("/memory unpin L2", "#L2 is no longer pinned"),
            ("/memory unveto L1", "#L1 may be shown here again"),
            ("/memory forget L9", "error: there is no memory #L9"),
            ("/memory pin", "error: which memory? /memory pin ID"),
            ("/memory frobnicate", "not /memory frobnicate"),
            ("/memory stats", "memories: 2, recallable 2, hidden 0 from: local 2"),
            ("/memory search nowhere to be found", "no memory has to do with"),
            ("/memory forget L1", "#L1 is forgotten"),
        ):
            await me.send(line)
            await me.reads(answer)
        await me.send("/memory search tide")
        screen = await opened(me)
        assert [line.split()[0] for line in listed(screen)] == ["#L2"]


async def test_without_memories_nothing_is_said_of_them_and_commands_say_how_to_make_one(
    remembering: Callable[..., Session],
) -> None:
    async with driving(remembering()) as me:
        await me.loaded()
        await me.ask("Hello")
        assert "memor" not in me.said and "memory" not in me.status
        await me.send("/memory search boats")
        await me.until(lambda: "error: there are no memories: tui memory add TEXT makes one" in me.said)
        await me.send("/memory list")
        await me.until(lambda: "no answer here was shown memories" in me.said)


async def test_a_damaged_store_is_told_under_the_answer_once(
    remembering: Callable[..., Session], tmp_path: Path
) -> None:
    (tmp_path / "memories.sqlite3").write_bytes(b"no database at all" * 100)
    async with driving(remembering(), size=(120, 30)) as me:
        await me.ask("Hello")
        await me.until(lambda: "is not a database" in me.said)
        assert "memory unavailable" in me.status
        await me.ask("Again")
        assert me.said.count("is not a database") == 1
        assert me.chat.dialogue.path[-1].status in ("done", "length")


async def test_that_no_memory_was_near_is_said_quietly(remembering: Callable[..., Session]) -> None:
    async with driving(remembering(HARBOUR)) as me:
        await me.ask("From which harbour did the Vikings sail?")
        assert "· no memory was near enough to the question" in me.said
        assert me.chat.dialogue.path[-1].memories is None


async def test_a_switch_stays_with_its_conversation(remembering: Callable[..., Session]) -> None:
    session = remembering(HARBOUR)
    first, second = stored(session, of("L1", HARBOUR)), stored(session, of("L1", HARBOUR))
    async with driving(session, resume=first) as me:

        def recalls() -> bool:
            return me.chat.dialogue.recalls

        await me.send("/memory off")
        await me.send(f"/resume {second}")
        assert recalls()
        await me.send(f"/resume {first}")
        assert not recalls()
        await me.send("/fork")
        await me.until(lambda: me.chat.dialogue.id != first)
        assert not recalls()
        await me.send("/new")
        assert recalls()


def test_the_badge_says_how_memory_stands() -> None:
    now = 1_000_000.0
    told = {
        "memory 1,234": Standing(count=1234),
        "memory off": Standing(on=False, count=3),
        "memory 3, keywords only": Standing(count=3, keywords=True),
        "memory 3, server": Standing(count=3, reach=Reach(True, now)),
        "memory 3, server offline, copy of 3 h ago": Standing(count=3, reach=Reach(False, now - 3 * 3600)),
        "memory 3, server offline": Standing(count=3, reach=Reach(False)),
        "memory unavailable": Standing(trouble=True),
    }
    assert [standing.text(now) for standing in told.values()] == list(told)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [20, 40, 76])
def test_a_row_is_never_wider_than_its_room_and_is_ascii_where_it_has_to_be(
    glyphs: Glyphs, width: int
) -> None:
    told = row(Row("L1", "white hot", 100.0, "plain words " * 20, 1.0, 1234), 3, width, glyphs, "pinned")
    assert told.cell_length <= width
    assert glyphs is UNICODE or str(told).isascii()
