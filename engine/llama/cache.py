"""What has been read already, so that nothing is read twice: in the context's sequences, or parked beside it.

K and V depend on the tokens and on the adapters that were set, and on nothing else: an entry belongs to one
set of adapters, and serves any conversation, branch or fork that begins with the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.llama.context import ActiveAdapters, LlamaContext


@dataclass(slots=True)
class Slot:
    """One sequence of the context. ``busy``: an answer is being written in it; ``used``: when, in turns;
    ``passing``: nobody will go on from it, so it is not parked.
    """

    sequence: int
    adapters: ActiveAdapters = ()
    tokens: list[int] = field(default_factory=list)
    busy: bool = False
    used: int = 0
    passing: bool = False


@dataclass(slots=True)
class Parked:
    """A sequence's content in main memory. ``first_cut``: see `LlamaContext.first_cut_saved`."""

    adapters: ActiveAdapters
    tokens: list[int]
    blob: bytearray
    first_cut: int
    priority: float = 0.0


@dataclass(frozen=True, slots=True)
class CacheStats:
    """Entries and bytes that are parked, and how many were given up for want of room."""

    parked: int
    bytes: int
    evicted: int


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    end = min(len(one), len(other))
    if one[:end] == other[:end]:
        return end
    return next(at for at in range(end) if one[at] != other[at])


class PrefixCache:
    """The account of every sequence of one context, with ``limit`` bytes of main memory beside it.

    When room is wanted, what is cheapest to read again goes first, by GreedyDual-Size (Cao and Irani 1997):
    an entry's priority is its cost to rebuild over its size, plus the priority of the last one evicted when
    it was used, so that what is old sinks. The cost is that of the tokens which no other entry has.
    """

    def __init__(self, context: LlamaContext, limit: int) -> None:
        self._context, self._limit = context, limit
        self._slots = [Slot(sequence) for sequence in range(context.options.sequences)]
        self._parked: list[Parked] = []
        self._turn = 0
        self._age = 0.0
        self._evicted = 0

    def has_free(self) -> bool:
        """Whether there is a sequence that no answer is being written in."""
        return any(not slot.busy for slot in self._slots)

    def acquire(self, prompt: Sequence[int], adapters: ActiveAdapters, passing: bool = False) -> Slot:
        """A free sequence that holds as much of the beginning of ``prompt`` as is known, now busy.

        At least the last token of ``prompt`` is left to be read, because its logits are wanted. Nothing
        else that was read is lost by it, as long as there is room to park; but what is ``passing`` is lost
        when its sequence is wanted.
        """
        source, length = self._best(list(prompt[:-1]), adapters)
        target = self._target(source, length)
        if target is source:
            if length < len(target.tokens):
                self._vacate(target)
                self.keep(target, length)
        else:
            blob, tokens = self._copy(source), list(source.tokens) if source else []
            self._vacate(target)
            restored = blob is not None and self._context.restore(target.sequence, blob)
            target.tokens = tokens if restored else []
            self.keep(target, length)
        self._turn += 1
        target.adapters, target.busy, target.used = adapters, True, self._turn
        target.passing = passing
        return target

    def checkpoint(self, slot: Slot) -> None:
        """Park a copy of what a sequence holds, which cannot be cut back to it later."""
        self._park(slot)

    def release(self, slot: Slot) -> None:
        """The answer is over; what was read stays until the room is wanted."""
        slot.busy = False

    def keep(self, slot: Slot, length: int) -> None:
        """Hold no more than the first ``length`` tokens, or none where a sequence cannot be cut so."""
        whole = length == len(slot.tokens) > 0
        if whole or (length and self._context.cut(slot.sequence, length)):
            del slot.tokens[length:]
        else:
            self._context.clear(slot.sequence)
            slot.tokens = []

    def mend(self, slot: Slot) -> None:
        """A decode failed on the way: hold what was held before it, or nothing."""
        length = len(slot.tokens)
        if not (length and self._context.cut(slot.sequence, length)):
            self._context.clear(slot.sequence)
            slot.tokens = []

    def drop(self, serial: int) -> None:
        """Forget all that was read with an adapter that is about to be freed."""
        for slot in self._slots:
            if _uses(slot.adapters, serial):
                self.keep(slot, 0)
                slot.adapters = ()
        self._parked = [entry for entry in self._parked if not _uses(entry.adapters, serial)]

    def forget(self) -> None:
        """Forget all that no answer under way stands on."""
        for slot in self._slots:
            if not slot.busy:
                self.keep(slot, 0)
        self._parked.clear()

    def stats(self) -> CacheStats:
        return CacheStats(len(self._parked), sum(len(entry.blob) for entry in self._parked), self._evicted)

    def _best(self, wanted: list[int], adapters: ActiveAdapters) -> tuple[Slot | Parked | None, int]:
        """The entry that begins most like ``wanted``; among equals one that needs no copying."""
        best: tuple[Slot | Parked | None, int] = (None, 0)
        rank = (0, False)
        entries: list[Slot | Parked] = [*self._slots, *self._parked]
        for entry in entries:
            if entry.adapters != adapters or not entry.tokens:
                continue
            length = common_prefix(entry.tokens, wanted)
            if length < len(entry.tokens) and length < self._shortest(entry):
                continue
            ready = isinstance(entry, Slot) and not entry.busy and length == len(entry.tokens)
            if length and (length, ready) > rank:
                best, rank = (entry, length), (length, ready)
        return best

    def _shortest(self, entry: Slot | Parked) -> int:
        """The shortest length of an entry that a prompt could go on from."""
        if isinstance(entry, Parked):
            return entry.first_cut
        return self._saved_cut(entry) if entry.busy else self._context.first_cut(entry.sequence)

    def _saved_cut(self, slot: Slot) -> int:
        return self._context.first_cut_saved(slot.sequence, len(slot.tokens))

    def _target(self, source: Slot | Parked | None, length: int) -> Slot:
        if isinstance(source, Slot) and not source.busy and self._cut_in_place(source, length):
            return source
        free = [slot for slot in self._slots if not slot.busy]
        # Low numbers first: llama.cpp computes neighbouring sequences together.
        return next((slot for slot in free if not slot.tokens), None) or min(free, key=lambda s: s.used)

    def _cut_in_place(self, source: Slot, length: int) -> bool:
        """A copy is for what has more to lose than to share, and only where a copy can be cut."""
        nothing_to_lose = source.passing or 2 * length >= len(source.tokens)
        return nothing_to_lose or length < self._saved_cut(source)

    def _copy(self, source: Slot | Parked | None) -> bytearray | None:
        if isinstance(source, Parked):
            source.priority = self._rated(source)
            return source.blob
        return self._context.save(source.sequence) if source else None

    def _vacate(self, slot: Slot) -> None:
        if not slot.passing:
            self._park(slot)

    def _park(self, slot: Slot) -> None:
        """Keep what a sequence holds beside the context, unless something parked holds it already."""
        if not slot.tokens or any(_covers(entry, slot) for entry in self._parked):
            return
        blob = self._context.save(slot.sequence)
        if len(blob) > self._limit:
            self._evicted += 1
            return
        entry = Parked(slot.adapters, list(slot.tokens), blob, self._saved_cut(slot))
        self._parked = [one for one in self._parked if not _covers(entry, one)]
        self._parked.append(entry)
        entry.priority = self._rated(entry)
        self._shrink()

    def _shrink(self) -> None:
        while sum(len(entry.blob) for entry in self._parked) > self._limit:
            worst = min(self._parked, key=lambda entry: entry.priority)
            self._age = max(self._age, worst.priority)
            self._parked.remove(worst)
            self._evicted += 1

    def _rated(self, entry: Parked) -> float:
        """Tokens to read again if it went, over its bytes, plus the age of the cache."""
        others = (one for one in self._parked if one is not entry and one.adapters == entry.adapters)
        shared = max((common_prefix(one.tokens, entry.tokens) for one in others), default=0)
        return self._age + (len(entry.tokens) - shared) / max(len(entry.blob), 1)


def _covers(entry: Parked, other: Slot | Parked) -> bool:
    """Whether ``entry`` could be cut to what ``other`` holds."""
    length = len(other.tokens)
    same = entry.adapters == other.adapters and entry.tokens[:length] == other.tokens
    return same and (length == len(entry.tokens) or entry.first_cut <= length)


def _uses(adapters: ActiveAdapters, serial: int) -> bool:
    return any(adapter.serial == serial for adapter in adapters)
