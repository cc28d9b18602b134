"""Going on with a stored conversation: where it stands, in which mode, and what of it is gone.

It must not know how it is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from modes.blend import VoiceError
from modes.catalog import Catalog
from modes.voice import Voice
from tui.core.conversation import Conversation, Node, Provenance
from tui.core.store import NoSuchConversation, Store, StoreError

LATEST = "latest"


class ModeGone(VoiceError):
    """A conversation's mode, or a part of its blend, is none that there is."""


class Busy(StoreError):
    """A conversation that another program is writing an answer in."""


def find(store: Store, ref: str) -> Conversation:
    """The conversation that ``ref`` names: an id, the beginning of one, or ``latest``.

    Raises `NoSuchConversation`.
    """
    if ref.strip().lower() != LATEST:
        return store.get(ref)
    found = store.latest()
    if found is None:
        raise NoSuchConversation("there is no conversation yet: ask without --resume to begin one")
    return found


def voice_of(conversation: Conversation, catalog: Catalog) -> Voice:
    """What the conversation speaks in. Raises `ModeGone`, which says how to go on."""
    try:
        return catalog.voice(conversation.mode)
    except VoiceError as error:
        raise ModeGone(f"this conversation's mode is gone: {error}; name another mode to go on in") from error


def other_models(path: Sequence[Node], model: str, fingerprint: str | None) -> str | None:
    """A sentence that names the models, other than this one, that wrote answers on ``path``; or None.

    ``model`` and ``fingerprint`` are of the loaded one; without a fingerprint on either side the names
    decide.
    """
    names: list[str] = []
    for node in path:
        wrote = node.provenance
        if wrote is not None and not _same(wrote, model, fingerprint) and wrote.model not in names:
            names.append(wrote.model)
    if not names:
        return None
    told = ", ".join(name if name != model else f"another {name}" for name in names)
    return f"earlier answers here were written by {told}; {model} goes on"


def _same(wrote: Provenance, model: str, fingerprint: str | None) -> bool:
    if fingerprint is None or wrote.fingerprint is None:
        return wrote.model == model
    return wrote.fingerprint == fingerprint
