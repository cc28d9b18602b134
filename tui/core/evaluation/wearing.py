"""Coefficients put into the engine before anything is asked in them, and what is to be said of each mode.

It must not know what is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract import AdapterRefused, Engine, Scales
from modes.voice import Voice
from tui.core.coefficients import CoefficientsUnusable, Wardrobe


def to_be_worn(
    engine: Engine, wardrobe: Wardrobe | None, voices: Mapping[str, Voice]
) -> dict[str, list[str]]:
    """By the text that names a mode, the coefficients that `put_in` would put in; nothing is put in.

    Those that nobody has looked at are missing until somebody does, or names the mode. Raises
    `CoefficientsUnusable` for a subspace that cannot be read.
    """
    there = wardrobe.held(engine) if wardrobe else None
    found: dict[str, list[str]] = {spec: [] for spec in voices}
    if wardrobe is None or there is None:
        return found
    for spec, voice in voices.items():
        found[spec] = [name for name, _ in voice.scales if wardrobe.trusts(there, name)]
    return found


def put_in(
    engine: Engine, wardrobe: Wardrobe | None, voices: Mapping[str, Voice]
) -> tuple[dict[str, Scales], list[str]]:
    """By the text that names a mode, what it wears here; a sentence for each that has to do without some."""
    found: dict[str, Scales] = {}
    notes: list[str] = []
    for spec, voice in voices.items():
        if wardrobe is None or not voice.scales:
            continue
        try:
            worn = wardrobe.prepare(engine, voice.scales)
        except (CoefficientsUnusable, AdapterRefused) as error:
            notes.append(f"{spec}: only the prompt is asked: {error}")
            continue
        if worn.scales:
            found[spec] = worn.scales
        if worn.absent:
            names = ", ".join(worn.absent)
            notes.append(f"{spec}: {names} is not there for this base; only the prompt is asked")
        if worn.unverified:
            names = ", ".join(worn.unverified)
            notes.append(
                f"{spec}: nobody has looked at the coefficients {names}, so only the prompt is asked: "
                f"tui modes verify {names}, or name the mode"
            )
    return found, notes
