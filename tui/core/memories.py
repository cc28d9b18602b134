"""The memories of one running program: opened when first wanted, recalled for a turn, never in its way.

It must not know the engine, nor a screen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from tui.core.embedding import embed_while
from tui.core.standing import Standing

if TYPE_CHECKING:
    from memory.recall.recall import Recall
    from memory.recalled import Recalled
    from modes.mode import MemoryPolicy
    from tui.core.means import Means

_T = TypeVar("_T")

#: Seconds after which what could not be opened is tried again.
AGAIN = 60.0
#: Seconds that a question waits to be embedded: a model that is still being loaded holds no answer up.
PATIENCE = 1.5
#: Characters of all memories together, at most.
ROOM = 4000


class Memories:
    """One a session. ``opening`` gives None as long as there is nothing to recall from.

    ``on``: what holds in a conversation where nothing else was said. ``keep`` False: nothing is written, not
    even that a memory was recalled. What blocks says so; whatever fails costs memories and nothing else, and
    is told once, with the notes of the next `recall`. A question waits ``patience`` seconds to be embedded.
    """

    def __init__(
        self,
        opening: Callable[[], Means | None],
        on: bool = True,
        keep: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        self._opening, self._default, self._keep, self.patience = opening, on, keep, patience
        self._means: Means | None = None
        self._failed: float | None = None
        self._filled = self._keywords = False
        self._closed = threading.Event()
        self._opened, self._telling = threading.Lock(), threading.Lock()
        self._recall: Recall | None = None
        self._switched: dict[str, bool] = {}
        self._vetoed: dict[str, frozenset[str]] = {}
        self._notes: list[str] = []
        self._told: set[str] = set()
        self.count: int | None = None
        """How many there were when somebody last counted."""

    def on(self, conversation: str | None) -> bool:
        """Whether questions in ``conversation`` (None: one that is not stored yet) are shown memories."""
        return self._switched.get(conversation or "", self._default)

    def switch(self, conversation: str, on: bool) -> None:
        """Show memories there or do not, until the program ends."""
        self._switched[conversation] = on

    def standing(self) -> Standing | None:
        """What is known by now, at once; None as long as there is nothing to recall from."""
        means, failed = self._means, self._failed is not None
        if not failed and (means is None or not self._filled):
            return None
        try:
            reach = means.reach() if means else None
        except Exception:  # noqa: BLE001 - the recall that fails tells why
            reach, failed = None, True
        keywords = self._keywords or (means is not None and means.embedder is None)
        return Standing(self._default, self.count, keywords, reach, failed)

    def begin(self, resting: Callable[[], bool] | None = None) -> None:
        """Open what there is and load what embeds on a thread, so that no question waits for it.

        With ``resting`` memories without an embedding get theirs whenever that says that nobody waits.
        """

        def work() -> None:
            self.warm()
            if resting is not None and self._means is not None:
                embed_while(self._means, resting, self._closed)

        threading.Thread(target=work, name="memories", daemon=True).start()

    def warm(self) -> None:
        """Open what there is, count it, and begin to load what embeds. Blocks."""
        means = self.means()
        if means is None or not self._any(means):
            return
        self.recount()
        if (embedder := means.embedder) is not None:
            with suppress(Exception):  # the recall that wants it tells what is wrong
                _ = embedder.dim
                means.store.warm(embedder.model)

    def ready(self, policy: MemoryPolicy) -> bool:
        """There is something to recall from, and a mode of ``policy`` recalls. Blocks."""
        means = self.means() if policy.enabled else None
        return means is not None and self._any(means)

    def recount(self) -> None:
        """Count the memories here anew. Blocks."""
        self.count = self.tried(lambda means: means.store.count())

    def recall(self, text: str, policy: MemoryPolicy, conversation: str, room: int = ROOM) -> Recalled:
        """Memories for the question ``text``, in at most ``room`` characters. Blocks.

        Its notes are those that were not told before.
        """
        from memory.recalled import Policy, Recalled  # what recall needs is imported with the first question

        wanted = Policy(policy.domains, policy.k, policy.profile, policy.sacred)
        pinned, vetoed = self.pinned(conversation), self.vetoed(conversation)
        found = self.tried(
            lambda means: self._made(means).recall(text, wanted, pinned=pinned, vetoed=vetoed, room=room)
        )
        if found is None:
            return Recalled(notes=self.news())
        self._keywords = any("keyword" in note for note in found.notes)
        about = [*found.notes, *(self.tried(lambda means: means.notes()) or ())]
        return replace(found, notes=self.news([f"memory: {note}" for note in about]))

    def pinned(self, conversation: str) -> tuple[str, ...]:
        """What every question there is shown. Blocks."""
        found = self.tried(lambda means: means.store.pinned(conversation)) or ()
        vetoed = self.vetoed(conversation)
        return tuple(one for one in found if one not in vetoed)

    def vetoed(self, conversation: str) -> frozenset[str]:
        """What no question there is shown again, also not as part of what was said before. Blocks.

        It stays so when the store fails meanwhile.
        """
        found = self.tried(lambda means: means.store.vetoed(conversation))
        if found is not None:
            self._vetoed[conversation] = frozenset(found)
        return self._vetoed.get(conversation, frozenset())

    def used(self, ids: Collection[str], conversation: str) -> None:
        """An answer has named these: they become warmer, once a conversation. Blocks."""
        if ids and self._keep:
            self.tried(lambda means: means.store.use(ids, conversation))

    def forked(self, source: str, fork: str) -> None:
        """What is pinned, vetoed and switched in ``source`` is so in ``fork`` from now on. Blocks."""
        if source in self._switched:
            self._switched[fork] = self._switched[source]
        pinned, vetoed = self.pinned(source), self.vetoed(source)
        self._vetoed[fork] = vetoed

        def work(means: Means) -> None:
            for one in pinned:
                means.store.pin(one, fork, True)
            for one in vetoed:
                means.store.veto(one, fork, True)

        if pinned or vetoed:
            self.tried(work)

    def means(self) -> Means | None:
        """What there is to recall from, opened by now; None, and something to tell, when it fails. Blocks."""
        with self._opened:
            tired = self._failed is not None and time.monotonic() - self._failed < AGAIN
            if self._means is not None or self._closed.is_set() or tired:
                return self._means
            try:
                self._means, self._failed = self._opening(), None
            except Exception as error:  # noqa: BLE001 - a conversation goes on without memories
                self._failed = time.monotonic()
                self._trouble(error)
            return self._means

    def tried(self, work: Callable[[Means], _T]) -> _T | None:
        """What ``work`` gives; None, and something to tell, when it fails or there is nothing. Blocks."""
        means = self.means()
        if means is None:
            return None
        try:
            return work(means)
        except Exception as error:  # noqa: BLE001 - a conversation goes on without memories
            self._trouble(error)
            return None

    def news(self, notes: Collection[str] = ()) -> tuple[str, ...]:
        """What of ``notes``, and of all that failed, was not told yet. It counts as told then."""
        with self._telling:
            new = [note for note in dict.fromkeys([*self._notes, *notes]) if note not in self._told]
            self._notes = []
            self._told.update(new)
            return tuple(new)

    def close(self) -> None:
        """Close what was opened; nothing is recalled afterwards."""
        with self._opened:
            self._closed.set()
            means, self._means = self._means, None
        if means is not None:
            with suppress(Exception):
                means.close()

    def _any(self, means: Means) -> bool:
        """There is something to recall from: an empty store of one's own is not even asked."""
        if not self._filled:
            own = means.source is means.store
            self._filled = not own or bool(self.tried(_has_any))
        return self._filled

    def _made(self, means: Means) -> Recall:
        if self._recall is None:
            from memory.recall.recall import Recall
            from tui.core.means import Unlogged

            source = means.source if self._keep else Unlogged(means.source)
            self._recall = Recall(source, means.embedder, patience=self.patience)
        return self._recall

    def _trouble(self, error: Exception) -> None:
        from memory.contract import MemoryTrouble

        known = isinstance(error, MemoryTrouble)
        told = str(error) if known else f"unexpected {type(error).__name__}: the conversation goes on without"
        with self._telling:
            self._notes.append(f"memory: {told}")


def _has_any(means: Means) -> bool:
    return any(next(means.store.ids(origin), None) is not None for origin in ("local", "federation"))
