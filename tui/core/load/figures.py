"""What waves say: rates, percentiles, and modes beside the base, turn by turn. Values in, values out."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.core.load.wave import Heard, heard

#: ``mixed``: every conversation in its mode. ``base``: the same conversations without any coefficients.
MIXED, BARE = "mixed", "base"
PARTS = (50, 95, 99)
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """The same ``count`` conversations twice, one wave after the other, ``mixed`` and in the ``base``."""

    count: int
    number: int
    mixed: tuple[Heard, ...]
    base: tuple[Heard, ...]

    def of(self, condition: str) -> tuple[Heard, ...]:
        return self.mixed if condition == MIXED else self.base

    @property
    def dead(self) -> bool:
        """Nobody was answered at all."""
        return not any(one.arrived for one in (*self.mixed, *self.base))

    def told(self) -> Figures:
        """As JSON has it; `turn` is the reverse."""
        waves = {name: [one.told() for one in self.of(name)] for name in (MIXED, BARE)}
        return {"count": self.count, "number": self.number, **waves}


def turn(told: Mapping[str, Any]) -> Turn:
    """What `Turn.told` told."""
    waves = (tuple(map(heard, told[name])) for name in (MIXED, BARE))
    return Turn(told["count"], told["number"], *waves)


def together(wave: Sequence[Heard]) -> float | None:
    """Tokens per second of all answers, from the first piece of any to the last of all.

    The first tokens are not counted, since their work was done before. None where nothing could be timed.
    """
    came = [one for one in wave if one.arrived]
    if not came:
        return None
    seconds = max(one.arrived[-1] for one in came) - min(one.arrived[0] for one in came)
    tokens = sum(one.tokens - 1 for one in came)
    return tokens / seconds if seconds > 0 and tokens > 0 else None


def loads(turns: Sequence[Turn]) -> Iterator[Figures]:
    """A row for each count and condition."""
    for count in dict.fromkeys(one.count for one in turns):
        for condition in (MIXED, BARE):
            waves = [one.of(condition) for one in turns if one.count == count]
            yield {"slots": count, "condition": condition, "turns": len(waves), **_row(waves)}


def ratios(turns: Sequence[Turn]) -> Figures:
    """By count: the mixed load beside the same in the base, wave by wave."""
    found: Figures = {}
    for count in dict.fromkeys(one.count for one in turns):
        these = [one for one in turns if one.count == count]
        found[str(count)] = {
            "decode": beside((together(one.mixed), together(one.base)) for one in these),
            "ttft": beside((_mean_first(one.mixed), _mean_first(one.base)) for one in these),
        }
    return found


def by_mode(turns: Sequence[Turn], who: Sequence[str]) -> Figures:
    """By count, then by mode: its own answers in the mixed load beside those of the same conversations."""
    found: Figures = {}
    for count in dict.fromkeys(one.count for one in turns):
        these = [one for one in turns if one.count == count]
        rows = {name: _mode(name, these) for name in who}
        found[str(count)] = {name: row for name, row in rows.items() if row["answers"] + row["errors"]}
    return found


def same(turns: Sequence[Turn], alone: Mapping[str, Sequence[Heard]]) -> Figures:
    """By count: how many answers were the same under load as ``alone`` holds them, asked one at a time."""
    found: Figures = {}
    for count, answers in alone.items():
        first = next((one for one in turns if str(one.count) == count), None)
        loaded = {one.who: one for one in reversed(first.mixed)} if first else {}
        pairs = [(loaded[one.who], one) for one in answers if one.who in loaded]
        asked = [(a, b) for a, b in pairs if not (a.error or b.error)]
        differ = [a.who for a, b in asked if a.text != b.text]
        found[count] = {"asked": len(asked), "differ": len(differ), "who": differ}
    return found


def beside(pairs: Iterable[tuple[float | None, float | None]]) -> Figures | None:
    """Ours over theirs of each pair: median, lowest and highest. None where no pair was measured."""
    found = [ours / theirs for ours, theirs in pairs if ours and theirs]
    return {**spread(found, 4), "pairs": len(found)} if found else None


def spread(values: Sequence[float], digits: int = 2) -> Figures:
    """Median, lowest and highest."""
    return {
        "median": round(statistics.median(values), digits),
        "low": round(min(values), digits),
        "high": round(max(values), digits),
    }


def percentiles(seconds: Sequence[float]) -> Figures:
    """Milliseconds by `PARTS`, each one of the values, of two the higher; empty without any."""
    ranked = sorted(seconds)
    if not ranked:
        return {}
    last = len(ranked) - 1
    return {f"p{part}": round(1000 * ranked[min(last, part * len(ranked) // 100)], 2) for part in PARTS}


def _row(waves: Sequence[Sequence[Heard]]) -> Figures:
    every = [one for wave in waves for one in wave]
    return {
        **_answers(every),
        "decode_tps": _spread_of(map(together, waves)),
        "each_tps": _spread_of(one.rate for one in every),
        "prompt_tokens": _median_of(one.prompt for one in every if one.prompt),
        "tokens_per_piece": _per_piece(every),
    }


def _answers(every: Sequence[Heard]) -> Figures:
    return {
        "answers": sum(not one.error for one in every),
        "errors": sum(bool(one.error) for one in every),
        "ttft_ms": percentiles([one.first for one in every if one.first is not None]),
        "inter_token_ms": percentiles([gap for one in every for gap in one.gaps]),
    }


def _mode(name: str, turns: Sequence[Turn]) -> Figures:
    pairs = [
        [(ours, theirs) for ours, theirs in zip(one.mixed, one.base, strict=True) if ours.who == name]
        for one in turns
    ]
    mine = [ours for pair in pairs for ours, _ in pair]
    halves = [tuple(zip(*pair, strict=True)) for pair in pairs if pair]
    return {
        **_answers(mine),
        "each_tps": _spread_of(one.rate for one in mine),
        "decode": beside((_mean_rate(ours), _mean_rate(theirs)) for ours, theirs in halves),
        "ttft": beside((_mean_first(ours), _mean_first(theirs)) for ours, theirs in halves),
    }


def _mean_rate(wave: Iterable[Heard]) -> float | None:
    return _mean([one.rate for one in wave if one.rate is not None])


def _mean_first(wave: Iterable[Heard]) -> float | None:
    return _mean([one.first for one in wave if one.first is not None])


def _mean(values: Sequence[float]) -> float | None:
    return statistics.mean(values) if values else None


def _spread_of(values: Iterable[float | None]) -> Figures | None:
    found = [one for one in values if one is not None]
    return spread(found) if found else None


def _median_of(values: Iterable[int]) -> int | None:
    found = list(values)
    return round(statistics.median(found)) if found else None


def _per_piece(every: Sequence[Heard]) -> float | None:
    pieces = sum(len(one.arrived) for one in every)
    return round(sum(one.tokens for one in every if one.arrived) / pieces, 3) if pieces else None
