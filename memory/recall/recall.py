"""One recall, from the question to the block: candidates, their order, the few that are shown.

Nothing that a source or an embedder does stops it: what fails is left out, and a note says so.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from memory.contract import Candidate, Embedder, MemoryTrouble, Source, Vector, Wanted
from memory.present import block, cut, safe
from memory.recall.alike import Likeness
from memory.recall.diversity import diverse
from memory.recall.duplicates import distinct
from memory.recall.fusion import fused
from memory.recall.near import NEAR, Nearness, nearness
from memory.recall.patience import Patient
from memory.recall.scoring import scored, warm_enough
from memory.recalled import Policy, Recalled, Shown
from memory.redaction import redacted
from memory.temperature import Clock, stage_of

#: Candidates of each leg; memories that are shown at most, and characters of one and of all.
LEG, MOST, EACH, ALL = 50, 5, 800, 4_000
#: Less of a memory than this says nothing.
LEAST = 40
#: Seconds that a question's embedding is waited for.
PATIENCE = 1.5

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """What the legs have found: all ``candidates`` by id, and the legs' rankings."""

    candidates: dict[str, Candidate]
    rankings: tuple[list[str], ...]
    pinned: list[Candidate]


class Recall:
    """Recalls from ``source``. ``embedder`` None: by keywords only. May be used from any thread."""

    def __init__(
        self, source: Source, embedder: Embedder | None, clock: Clock = time.time, patience: float = PATIENCE
    ) -> None:
        self._source = source
        self._clock = clock
        self._patient = None if embedder is None else Patient(embedder, patience)

    def recall(
        self,
        text: str,
        policy: Policy,
        *,
        pinned: Sequence[str] = (),
        vetoed: Collection[str] = (),
        room: int = ALL,
    ) -> Recalled:
        """The memories that ``text`` calls for, as the model is to be shown them.

        ``pinned`` ones come first, whatever their relevance and domain; ``vetoed`` ones never. ``room`` are
        the characters of all contents together, at most 4,000; headers and the note of the block come on top.
        """
        began = time.perf_counter()
        notes: list[str] = []
        wanted = Wanted(policy.domains, policy.sacred, frozenset(vetoed))
        query = self._query(text, notes)
        pool = self._pool(text, query, wanted, pinned, notes)
        everything = [*pool.candidates.values(), *pool.pinned]
        near = nearness(text, everything, None if query is None else query.model)
        chosen, abstained = _chosen(pool, near, policy, notes)
        shown = _fitted([*pool.pinned[:MOST], *chosen], near, min(room, ALL))
        milliseconds = (time.perf_counter() - began) * 1000
        if shown:
            seen = [(one.id, one.relevance) for one in shown]
            _tried(lambda: self._source.note(seen, milliseconds), None, notes)
        told = block(shown, _nonce(shown))
        return Recalled(tuple(shown), told, abstained, tuple(dict.fromkeys(notes)), milliseconds)

    def _query(self, text: str, notes: list[str]) -> Vector | None:
        if self._patient is None or not text.strip():
            return None
        patient = self._patient
        return _tried(lambda: patient.vector(text), None, notes)

    def _pool(
        self, text: str, query: Vector | None, wanted: Wanted, pinned: Sequence[str], notes: list[str]
    ) -> _Pool:
        source = self._source
        nothing: list[Candidate] = []
        by_vector = by_keyword = by_pin = nothing
        if query is not None:
            by_vector = _tried(lambda: source.by_vector(query, wanted, LEG), nothing, notes)
        if text.strip():
            by_keyword = _tried(lambda: source.by_keyword(text, query, wanted, LEG), nothing, notes)
        if pinned:
            by_pin = _tried(lambda: source.by_id(list(dict.fromkeys(pinned)), query), nothing, notes)
        if query is not None and by_keyword and not by_vector and not notes:
            notes.append("no memory has an embedding of this model yet: memories are found by keywords only")
        hidden = sum(one.memory.sacred and not wanted.sacred for one in by_pin)
        if hidden:
            notes.append(f"pinned, but sacred, which this mode does not show: {hidden}")
        anywhere = replace(wanted, domains=())
        kept = [_sound(one, query) for one in by_pin if _allowed(one, anywhere)]
        fixed = {one.memory.id for one in kept}
        both = (by_vector, by_keyword)
        legs = [[_sound(one, query) for one in leg if _allowed(one, wanted)] for leg in both]
        found: dict[str, Candidate] = {}
        for one in (*legs[0], *legs[1]):
            if one.memory.id not in fixed:
                found[one.memory.id] = _fuller(found.get(one.memory.id), one)
        rankings = tuple([one.memory.id for one in leg if one.memory.id not in fixed] for leg in legs)
        return _Pool(found, rankings, kept)


def _chosen(pool: _Pool, near: Nearness, policy: Policy, notes: list[str]) -> tuple[list[Candidate], bool]:
    """Those to show beside the pinned ones, the best first; and whether all were too far."""
    places = max(0, min(policy.k, MOST) - len(pool.pinned))
    close = [one for one in pool.candidates.values() if near(one) >= NEAR]
    abstained = bool(pool.candidates) and not close
    if not places or not close:
        return [], abstained
    passed, relaxed = warm_enough(close, policy.profile, places)
    if relaxed is not None:
        notes.append(relaxed)
    score = scored(passed, fused(pool.rankings), policy.profile)
    ranked = sorted(passed, key=lambda one: (-score[one.memory.id], one.memory.id))
    alike = Likeness()
    return diverse(distinct(ranked, alike, pool.pinned), score, places, alike), abstained


def _fitted(chosen: Iterable[Candidate], near: Nearness, room: int) -> list[Shown]:
    """``chosen`` as they are shown, in their order, while there is room."""
    shown: list[Shown] = []
    for one in chosen:
        # Redacted before it is cut, so that no half of a secret is left; the rest is never read.
        whole = redacted(safe(one.memory.content[: 4 * EACH])).strip()
        content = cut(whole, min(EACH, room))
        if not content or (len(content) < len(whole) and len(content) < LEAST):
            continue
        room -= len(content)
        heat = min(100.0, max(0.0, one.heat))
        memory = one.memory
        shown.append(Shown(memory.id, content, stage_of(heat), heat, near(one), memory.domain))
    return shown


def _allowed(one: Candidate, wanted: Wanted) -> bool:
    """A second look: whatever a source lets through, what is not wanted is not shown."""
    memory = one.memory
    return (
        memory.id not in wanted.excluded
        and memory.temporal_state != "retracted"
        and (wanted.sacred or not memory.sacred)
        and (not wanted.domains or memory.domain in wanted.domains)
    )


def _sound(one: Candidate, query: Vector | None) -> Candidate:
    """``one`` without numbers that are none, and with the cosine where it can be told."""
    vector = one.vector
    fits = query is not None and (vector is None or vector.shape == query.values.shape)
    if fits and one.cosine is not None and math.isfinite(one.cosine + one.heat):
        return one
    if query is None or (vector is not None and vector.shape != query.values.shape):
        vector = None
    cosine = one.cosine if query is not None else None
    if cosine is None and vector is not None and query is not None:
        cosine = float(vector @ query.values)
    if cosine is not None and not math.isfinite(cosine):
        cosine = vector = None
    heat = one.heat if math.isfinite(one.heat) else 0.0
    return replace(one, cosine=cosine, vector=vector, heat=heat)


def _fuller(known: Candidate | None, one: Candidate) -> Candidate:
    """Of two reports of one memory what either knows."""
    if known is None:
        return one
    return replace(
        known,
        cosine=one.cosine if known.cosine is None else known.cosine,
        vector=one.vector if known.vector is None else known.vector,
    )


def _nonce(shown: Sequence[Shown]) -> str:
    """Eight random hexadecimal digits that stand in no content."""
    while True:
        nonce = secrets.token_hex(4)
        if not any(nonce in one.content for one in shown):
            return nonce


def _tried(ask: Callable[[], Found], instead: Found, notes: list[str]) -> Found:
    """What ``ask`` gives; if it fails, ``instead`` and a note."""
    try:
        return ask()
    except MemoryTrouble as trouble:
        notes.append(str(trouble))
    except Exception as trouble:  # noqa: BLE001 (a conversation goes on whatever breaks; no content in the note)
        notes.append(f"a part of recall failed ({type(trouble).__name__}): this answer goes without it")
    return instead
