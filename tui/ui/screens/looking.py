"""Takes what was changed on disk since, modes and settings, and tells what there is to tell of it.

This module must not know when to look: the screen says that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.ui.messages import SettingsChanged

if TYPE_CHECKING:
    from tui.ui.screens.chat import ChatScreen


async def look_again(screen: ChatScreen) -> None:
    """Speak from now on in the mode as its file says, and under the settings as they are."""
    if screen.session.refresh():
        screen.post_message(SettingsChanged())
    screen.dialogue.renew()
    await tell_notices(screen)


async def tell_notices(screen: ChatScreen) -> None:
    """Each notice of the session once."""
    told, screen.session.notices = screen.session.notices, []
    for notice in told:
        await screen.transcript.note(notice)
