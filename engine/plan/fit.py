"""What fits into a memory: the longest context, the most slots, and the nearest to what was asked for."""

from __future__ import annotations

from collections.abc import Callable

from engine.plan.need import BLOCK, Settings

#: The bytes that settings take.
Cost = Callable[[Settings], int]
#: No context is looked for beyond this, in tokens.
_LONGEST = 1 << 24


def longest_context(cost: Cost, settings: Settings, memory: int, limit: int = _LONGEST) -> int:
    """The most tokens for each slot, in whole blocks and up to ``limit``; 0 when not even one block fits."""
    return BLOCK * _most(lambda blocks: cost(settings.but(context=blocks * BLOCK)) <= memory, limit // BLOCK)


def most_slots(cost: Cost, settings: Settings, memory: int, limit: int) -> int:
    """The most slots of this context, up to ``limit``; 0 when not even one fits."""
    return _most(lambda slots: cost(settings.but(slots=slots)) <= memory, limit)


def nearest(cost: Cost, asked: Settings, memory: int) -> list[Settings]:
    """What fits instead of ``asked``, the least loss first: cheaper K and V, fewer slots, less context."""
    cheaper = [asked.but(flash=True)] if not asked.flash else []
    cheaper += [asked.but(kv="q8_0", flash=True)] if asked.kv != "q8_0" else []
    found = [other for other in cheaper if cost(other) <= memory][:1]
    if slots := most_slots(cost, asked, memory, asked.slots - 1):
        found.append(asked.but(slots=slots))
    if context := longest_context(cost, asked, memory, asked.context - 1):
        found.append(asked.but(context=context))
    if not found and (context := longest_context(cost, asked.but(slots=1), memory, asked.context)):
        found.append(asked.but(slots=1, context=context))
    return found


def as_flags(asked: Settings, other: Settings) -> str:
    """What to write on the command line for ``other`` where ``asked`` was written."""
    flags = []
    if other.kv != asked.kv:
        flags.append(f"--kv {other.kv}")
    elif other.flash != asked.flash:
        flags.append("--flash-attention")
    if other.slots != asked.slots:
        flags.append(f"--slots {other.slots}")
    if other.context != asked.context:
        flags.append(f"--context {other.context}")
    return " ".join(flags)


def _most(fits: Callable[[int], bool], limit: int) -> int:
    """The largest of 1 to ``limit`` that fits, when whatever is smaller fits too; else 0."""
    low, high = 0, max(0, limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
