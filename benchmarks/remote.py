"""What our client adds to a server's own time: the same requests through it and by plain httpx.

``python -m benchmarks.remote URL``. Time to the first token, and tokens per second after it.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass

import httpx

from benchmarks.report import ratio, say, spread
from engine.contract import Message, Request, Sampling
from engine.remote.address import Address
from engine.remote.engine import RemoteEngine, RemoteOptions

TOKENS, ROUNDS, WARMUP = 48, 10, 1
_STORY = "Write a long story about a river and a fox."


@dataclass(frozen=True)
class Timed:
    """Seconds to the first piece of text, and pieces per second after it."""

    first: float
    rate: float


class _Watch:
    def __init__(self) -> None:
        self._began, self._seen = time.perf_counter(), [0.0] * 0

    def piece(self) -> None:
        self._seen.append(time.perf_counter())

    def timed(self) -> Timed:
        first, last = self._seen[0], self._seen[-1]
        return Timed(first - self._began, (len(self._seen) - 1) / max(last - first, 1e-6))


def ours(engine: RemoteEngine, prompt: str) -> Timed:
    watch = _Watch()
    for chunk in engine.generate(Request((Message("user", prompt),), Sampling(0.0, seed=1), TOKENS)):
        if chunk.text:
            watch.piece()
    return watch.timed()


def plain(client: httpx.Client, body: dict[str, object], prompt: str) -> Timed:
    """No more than what anybody would write who wants the text of a stream."""
    asked = {**body, "messages": [{"role": "user", "content": prompt}]}
    watch = _Watch()
    with client.stream("POST", "chat/completions", json=asked) as response:
        for line in response.iter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            choices = json.loads(line[6:]).get("choices")
            if choices and choices[0]["delta"].get("content"):
                watch.piece()
    return watch.timed()


def main(url: str) -> None:
    """Print both, and ratios pair by pair. Every request has a prompt of its own: none finds it cached."""
    engine = RemoteEngine(url, RemoteOptions(), lambda _fraction: True)
    prompt = Request((Message("user", _STORY),), Sampling(0.0, seed=1), TOKENS)
    body = {**engine._profile.body(prompt, 1), **engine._profile.wear(())}
    fresh = httpx.Limits(max_keepalive_connections=0)  # llama-server closes what is kept
    client = httpx.Client(base_url=Address.of(url).api, timeout=600.0, trust_env=False, limits=fresh)
    found: dict[str, list[Timed]] = {"ours": [], "plain": []}
    for turn in range(ROUNDS + WARMUP):
        # Whoever comes second is not to be the one who always finds a warm machine.
        for name in ("ours", "plain") if turn % 2 else ("plain", "ours"):
            asked = f"{turn} {name} {_STORY}"
            timed = ours(engine, asked) if name == "ours" else plain(client, body, asked)
            if turn >= WARMUP:
                found[name].append(timed)
    say(f"{engine.info.device}: {TOKENS} tokens, {ROUNDS} alternating rounds, greedy")
    for what, unit, scale in (("first", "ms to the first token", 1000.0), ("rate", "tok/s", 1.0)):
        figures = {name: [getattr(one, what) * scale for one in all_] for name, all_ in found.items()}
        say(f"  {'our client':<24} {spread(figures['ours'], unit)}")
        say(f"  {'plain httpx':<24} {spread(figures['plain'], unit)}")
        better, worse = ("ours", "plain") if what == "rate" else ("plain", "ours")
        say(f"  {'ratio (1 or more is good)':<24} {ratio(figures[better], figures[worse])}")
    engine.close()
    client.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m benchmarks.remote URL")
    main(sys.argv[1])
