"""Timing of answers: with each mode's coefficients and without, in turn, so that a drifting machine hits all.

Ratios are of runs beside each other; absolute times are context. It must not know modes' prompts or items.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.contract import BadConstraint, Engine, Message, Request, Sampling, Scales

DEPTHS = (0, 512)
_TEXT = "The river carries what the mountain gave away, and the fox that lives between them waits. "
_QUESTION = "Write a very long story about a river, a mountain and the people who live between them."
#: Tokens with which models end an answer: an answer that ends early times nothing.
_ENDS = (
    "<|im_end|>",
    "<|endoftext|>",
    "</s>",
    "<eos>",
    "<end_of_turn>",
    "<|eot_id|>",
    "<|end|>",
    "<|end_of_text|>",
)
_GREEDY = Sampling(temperature=0.0)
_NEVER = -100.0


@dataclass(frozen=True, slots=True)
class Timed:
    """One answer. Seconds; ``rate`` is tokens per second after the first, ``gaps`` between tokens."""

    who: str
    depth: int
    rate: float
    first: float
    prefill: float | None
    prompt: int
    gaps: tuple[float, ...]


class Stopwatch:
    """Times answers of ``tokens`` tokens."""

    def __init__(self, engine: Engine, tokens: int) -> None:
        self._engine, self._tokens = engine, tokens
        self._bias = unending(engine)
        room = engine.info.context - tokens - 16
        self.depths = tuple(depth for depth in DEPTHS if depth < room) or (0,)
        self._texts = {depth: self._deep(depth) for depth in self.depths}
        self._asked = 0

    def samples(self, scales: Mapping[str, Scales], rounds: int) -> Iterator[Timed]:
        """All of ``scales`` in turn at every depth, ``rounds`` times and once before to warm up."""
        for depth in self.depths:
            for turn in range(rounds + 1):
                for who, worn in scales.items():
                    found = self.answer(who, depth, worn)
                    if turn and found is not None:
                        yield found

    def answer(self, who: str, depth: int, scales: Scales, again: bool = False) -> Timed | None:
        """One answer to a prompt that was not read before, or ``again`` to the last one."""
        self._asked += not again
        text = f"{self._asked}. {self._texts[depth]}"
        request = Request(
            (Message("user", text),),
            _GREEDY,
            self._tokens,
            scales=scales,
            thinking=False,
            logit_bias=self._bias,
        )
        arrived: list[float] = []
        usage = None
        for chunk in self._engine.generate(request):
            if chunk.tokens:
                arrived.append(time.perf_counter())
            usage = chunk.usage or usage
        if usage is None or not usage.decode_rate:
            return None
        gaps = tuple(b - a for a, b in pairwise(arrived))
        first, prompt = usage.first_token_seconds, usage.prompt_tokens
        return Timed(who, depth, usage.decode_rate, first, usage.prefill_rate, prompt, gaps)

    def _deep(self, depth: int) -> str:
        text = _QUESTION
        while depth and self._engine.count_tokens([Message("user", text)]) < depth:
            text = f"{_TEXT}{text}"
        return text


def unending(engine: Engine) -> tuple[tuple[str, float], ...]:
    """The bias with which no answer ends before its last token, as far as the engine knows these ends."""
    return tuple((end, _NEVER) for end in _ENDS if _single(engine, end))


def _single(engine: Engine, end: str) -> bool:
    try:
        engine.check(Request((), _GREEDY, logit_bias=((end, _NEVER),)))
    except BadConstraint:
        return False
    return True


def tests(timed: Sequence[Timed], tokens: int) -> list[dict[str, Any]]:
    """Rows as llama-bench has them, of decoding (n_gen) and of reading (n_prompt)."""
    rows = []
    for who, depth in dict.fromkeys((one.who, one.depth) for one in timed):
        these = [one for one in timed if (one.who, one.depth) == (who, depth)]
        gaps = sorted(gap for one in these for gap in one.gaps)
        ends: dict[str, Any] = {
            "ttft_ms": round(1000 * statistics.median(one.first for one in these), 2),
            "inter_token_ms": {
                f"p{part}": round(1000 * gaps[min(len(gaps) - 1, part * len(gaps) // 100)], 2)
                for part in (50, 90, 99)
                if gaps
            },
        }
        rates = [one.rate for one in these]
        rows.append(
            {"test": who, "n_prompt": 0, "n_gen": tokens, "n_depth": depth, **_spread(rates, tokens), **ends}
        )
        read = [one.prefill for one in these if one.prefill]
        if read and depth:
            prompt = these[0].prompt
            rows.append({"test": who, "n_prompt": prompt, "n_gen": 0, "n_depth": 0, **_spread(read, prompt)})
    return rows


def ratios(timed: Sequence[Timed], base: str) -> dict[str, dict[str, Any]]:
    """Speed beside the base, pair by pair of neighbouring runs: by mode, then by depth."""
    found: dict[str, dict[str, Any]] = {}
    for who in dict.fromkeys(one.who for one in timed if one.who != base):
        for depth in dict.fromkeys(one.depth for one in timed):
            ours, theirs = (
                [one.rate for one in timed if (one.who, one.depth) == (name, depth)] for name in (who, base)
            )
            pairs = [a / b for a, b in zip(ours, theirs, strict=False)]
            if pairs:
                found.setdefault(who, {})[str(depth)] = {
                    "median": round(statistics.median(pairs), 4),
                    "low": round(min(pairs), 4),
                    "high": round(max(pairs), 4),
                    "pairs": len(pairs),
                }
    return found


def _spread(rates: Sequence[float], tokens: int) -> dict[str, Any]:
    spent = [1e9 * tokens / rate for rate in rates]
    return {
        "avg_ns": round(statistics.mean(spent)),
        "stddev_ns": round(statistics.stdev(spent)) if len(spent) > 1 else 0,
        "avg_ts": round(statistics.mean(rates), 3),
        "stddev_ts": round(statistics.stdev(rates), 3) if len(rates) > 1 else 0.0,
        "samples_ns": [round(one) for one in spent],
        "samples_ts": [round(one, 3) for one in rates],
    }
