"""The settings that are tried for each method, four at most, what changes least first.

What a lesson alone decides is judged by its validation loss, of questions that are kept from training and
that no test asks; one adapter in sequence and merges by items that ask nothing a test asks. It must not know
what takes the best of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from evidence.cell import MERGED, SEQUENCE, TUNING, TUNING_SALT, Ask, Cell, Method
from evidence.design import DIRECTIONS, DOMAINS, EQUAL_RANK, GROUND, RANK, STEPS, TUNED_ON, own_name

_CORE_RATES = (1.5e-2, 3e-2, 6e-2, 0.12)
_LORA_RATES = (1e-3, 2e-3, 4e-3, 8e-3)
#: Items of each domain that a merge is tried on.
_MERGE_ITEMS = 40
_MERGE_SETTINGS: Mapping[str, tuple[dict[str, float], ...]] = {
    "linear": tuple({"weight": weight} for weight in (0.25, 0.5, 0.75, 1.0)),
    "ties": tuple({"density": density, "weight": weight} for density in (0.2, 0.5) for weight in (0.5, 1.0)),
    "dare": tuple({"density": density, "weight": weight} for density in (0.5, 0.8) for weight in (0.25, 0.5)),
}


def named(of: Iterable[Cell]) -> tuple[str, ...]:
    """What the cells are called."""
    return tuple(cell.name for cell in of)


def _tuning(domain: str, mode: str, count: int = TUNING) -> Ask:
    return Ask(domain, mode, "T1", count, salt=TUNING_SALT)


def core() -> list[Cell]:
    """A core alone in the directions of another domain."""
    tried = _core_rates("core", {})
    return [replace(cell, before=(own_name(0, GROUND),)) for cell in tried]


def random() -> list[Cell]:
    """A core alone in random directions."""
    return _core_rates("random", {"rank": RANK})


def share() -> list[Cell]:
    """A mode that grows by new directions: their rate, beside a core's that was settled before.

    docs/share.md has what other rates of the core did.
    """
    fixed = {"steps": STEPS[TUNED_ON], "directions": DIRECTIONS}
    tried = [_tried("share", fixed, {"core_rate": 6e-2, "rate": rate}) for rate in (1e-3, 3e-3, 6e-3, 1.2e-2)]
    return [replace(cell, before=(own_name(0, GROUND),)) for cell in tried]


def own() -> list[Cell]:
    """An adapter of one's own."""
    return _lora_rates("own", RANK)


def equal() -> list[Cell]:
    """An adapter of as many bytes as a mode."""
    return _lora_rates("equal", EQUAL_RANK)


def sequence() -> list[Cell]:
    """One adapter for all, on what it has learned of two domains."""
    asks = tuple(_tuning(domain, SEQUENCE) for domain in (GROUND, TUNED_ON))
    fixed = {"steps": STEPS[TUNED_ON], "directions": RANK}
    tried = (_tried("sequence", fixed, {"rate": rate}) for rate in (1e-4, 3e-4, 1e-3, 4e-3))
    return [replace(cell, before=(own_name(0, GROUND),), asks=asks) for cell in tried]


def merge(kind: Method) -> list[Cell]:
    """The first run's own adapters merged in one."""
    before = tuple(own_name(0, domain) for domain in DOMAINS)
    asks = tuple(_tuning(domain, MERGED, _MERGE_ITEMS) for domain in DOMAINS)
    return [
        Cell(
            f"tune-{kind}-" + "-".join(f"{value:g}" for value in settings.values()),
            kind, asks, before=before, settings=settings, tries=tuple(settings),
        )
        for settings in _MERGE_SETTINGS[kind]
    ]  # fmt: skip


def _core_rates(of: Method, more: Mapping[str, float]) -> list[Cell]:
    fixed = {"steps": STEPS[TUNED_ON], "directions": 0, **more}
    return [_tried(of, fixed, {"core_rate": rate}) for rate in _CORE_RATES]


def _lora_rates(of: Method, rank: int) -> list[Cell]:
    fixed = {"steps": STEPS[TUNED_ON], "directions": rank}
    return [_tried(of, fixed, {"rate": rate}) for rate in _LORA_RATES]


def _tried(of: Method, settings: Mapping[str, float], chosen: Mapping[str, float]) -> Cell:
    name = "-".join((f"tune-{of}", *(f"{value:g}" for value in chosen.values())))
    return Cell(name, of, (), TUNED_ON, settings={**settings, **chosen}, tries=tuple(chosen))
