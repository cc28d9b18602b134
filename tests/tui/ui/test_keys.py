"""Keys put elsewhere by config.toml."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.binding import Binding
from textual.widgets import Static

from tests.tui.ui.conftest import driving
from tests.tui.ui.stored import fill
from tui.core.session import Session
from tui.ui.key_groups import KEY_GROUPS
from tui.ui.keys import bound, checked, key_name, named
from tui.ui.screens.help import Help

Begin = Callable[..., Session]

KNOWN = named(KEY_GROUPS)


def test_every_binding_has_an_id_and_every_id_a_sentence() -> None:
    for group in KEY_GROUPS:
        for binding in group.owner.BINDINGS:
            assert isinstance(binding, Binding) and binding.id
            assert KNOWN[binding.id].description


def test_no_two_actions_have_the_same_key() -> None:
    for room in ("chat", "list"):
        bindings = [one for group in KEY_GROUPS if room in group.rooms for one in group.named().values()]
        keys = [key for binding in bindings for key in binding.key.split(",")]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "wanted, keymap",
    [
        ({"fold": "f7"}, {"fold": "f7"}),
        ({"fold": "Ctrl+F, F7"}, {"fold": "ctrl+f,f7"}),
        ({"fold": "alt+x"}, {"fold": "alt+x"}),
        ({"fold": "ctrl+question_mark"}, {"fold": "ctrl+question_mark"}),
        ({"fold": "f8", "list_delete": "escape", "list_leave": "f5"},) * 2,
        ({"fold": "ctrl+p", "palette": "ctrl+t"}, {"fold": "ctrl+p", "palette": "ctrl+t"}),
    ],
)
def test_keys_are_taken_as_people_write_them(wanted: dict[str, str], keymap: dict[str, str]) -> None:
    assert checked(wanted, KEY_GROUPS) == (keymap, [])


@pytest.mark.parametrize(
    "wanted, told",
    [
        ({"fodl": "f7"}, "[keys] fodl: there is no such key action (did you mean fold or follow?)"),
        ({"fold": "ctrl+excape"}, '"ctrl+excape" is no key (did you mean escape?): write it like'),
        ({"fold": "contrl+x"}, '"contrl+x" begins with no key to hold (did you mean ctrl?)'),
        ({"fold": ""}, '"" is no key'),
        ({"fold": "t"}, '"t" is a character to write: add ctrl+ or alt+; Ctrl+T stays'),
        ({"fold": "shift+t"}, "is a character to write"),
        ({"fold": "space"}, "is a character to write"),
        ({"fold": "f7,ctrl+g"}, "[keys] fold: Ctrl+G is already the key of editor; Ctrl+T stays"),
        ({"fold": "f7", "stop": "f7"}, "[keys] stop: F7 is already the key of fold; Escape stays"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_nearest_name(wanted: dict[str, str], told: str) -> None:
    keymap, (wrong,) = checked(wanted, KEY_GROUPS)
    assert told in wrong
    assert set(keymap) == set(wanted) - {wrong.split()[1].rstrip(":")}


def test_keys_are_printed_as_on_a_keyboard() -> None:
    assert key_name("ctrl+j,shift+enter") == "Ctrl+J, Shift+Enter"
    assert key_name("pageup") == "PageUp" and key_name("f1") == "F1"
    (fold,) = bound({"fold": KNOWN["fold"]}, {"fold": "f7"})
    assert (fold.key, fold.action) == ("f7", "screen.fold")


async def test_a_rebound_key_does_what_the_old_one_no_longer_does(begin: Begin) -> None:
    async with driving(begin(keys={"fold": "f7", "send": "ctrl+s", "newline": "enter"})) as me:
        await me.press("ctrl+t")
        await me.pilot.pause()
        assert not me.chat.transcript._unfolded
        await me.press("f7")
        await me.until(lambda: me.chat.transcript._unfolded)
        me.chat.prompt.insert("/mode legal")
        await me.press("enter")
        assert me.chat.prompt.text == "/mode legal\n"
        await me.press("ctrl+s")
        await me.until(lambda: "§ legal" in me.status)


async def test_a_key_of_the_screen_that_the_prompt_passes_on_is_rebound_too(begin: Begin) -> None:
    async with driving(begin(keys={"interrupt": "ctrl+b"})) as me:
        await me.loaded()
        await me.press("ctrl+b")
        assert "again leaves" in me.status


async def test_a_key_that_edits_in_the_prompt_can_be_given_to_the_screen(begin: Begin) -> None:
    session = begin(keys={"copy": "ctrl+y", "help": "f6", "sidebar": "ctrl+k"})
    talk = fill(session.store, ("Bread?", "Flour."))
    async with driving(session, resume=talk, size=(120, 30)) as me:
        me.chat.prompt.insert("a draft")
        await me.press("ctrl+y")
        await me.until(lambda: me.pilot.app.clipboard == "Flour.")
        await me.press("f6")
        await me.until(lambda: isinstance(me.pilot.app.screen, Help))
        await me.pilot.press("escape")
        await me.until(lambda: me.pilot.app.screen is me.chat)
        await me.press("ctrl+k")
        await me.until(lambda: me.chat.sidebar.has_keyboard)
        assert me.chat.prompt.text == "a draft"


async def test_the_help_and_the_palette_show_the_keys_as_they_are(begin: Begin) -> None:
    async with driving(begin(keys={"fold": "f7", "palette": "f9"})) as me:
        await me.press("f9")
        await me.until(lambda: me.pilot.app.screen is not me.chat)
        await me.pilot.press(*"fold", "enter")
        await me.until(lambda: me.chat.transcript._unfolded)
        await me.press("f1")
        await me.until(lambda: isinstance(me.pilot.app.screen, Help))
        text = str(me.pilot.app.screen.query_one(Static).content)
        assert "F7  " in text and "F9  " in text and "Ctrl+T" not in text


async def test_a_wrong_key_is_told_at_the_start_and_the_others_hold(begin: Begin) -> None:
    async with driving(begin(keys={"fodl": "f3", "fold": "f7"}), size=(120, 24)) as me:
        assert "there is no such key action (did you mean fold or follow?)" in me.said
        await me.press("f7")
        await me.until(lambda: me.chat.transcript._unfolded)
