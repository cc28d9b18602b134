"""What our client adds to a server's own time: the same requests through it, by plain httpx and by `openai`.

``python -m benchmarks.remote URL [--tokens 48] [--rounds 9]``. Time to the first token, and tokens per second
after it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from openai import OpenAI

from benchmarks.report import median_interval, ratio, say, spread
from engine.contract import Message, Request, Sampling
from engine.remote.address import Address
from engine.remote.engine import RemoteEngine, RemoteOptions

_WARMUP = 1
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


def ours(engine: RemoteEngine, tokens: int, prompt: str) -> Timed:
    watch = _Watch()
    for chunk in engine.generate(Request((Message("user", prompt),), Sampling(0.0, seed=1), tokens)):
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


def theirs(client: OpenAI, body: dict[str, Any], prompt: str) -> Timed:
    """By the client of OpenAI; what the protocol does not have goes into its extra body."""
    known = {name: body[name] for name in ("model", "stream", "stream_options", "max_tokens", "seed")}
    more = {name: value for name, value in body.items() if name not in known and name != "messages"}
    watch = _Watch()
    messages: list[Any] = [{"role": "user", "content": prompt}]
    for chunk in client.chat.completions.create(messages=messages, extra_body=more, **known):
        if chunk.choices and chunk.choices[0].delta.content:
            watch.piece()
    return watch.timed()


def main(url: str, tokens: int = 48, rounds: int = 9) -> None:
    """Print all, and ratios pair by pair. Every request has a prompt of its own: none finds it cached."""
    engine = RemoteEngine(url, RemoteOptions(), lambda _fraction: True)
    prompt = Request((Message("user", _STORY),), Sampling(0.0, seed=1), tokens)
    body = {**engine._profile.body(prompt, 1), **engine._profile.wear(())}
    fresh = httpx.Limits(max_keepalive_connections=0)  # llama-server closes what is kept
    client = httpx.Client(base_url=Address.of(url).api, timeout=600.0, trust_env=False, limits=fresh)
    official = OpenAI(base_url=Address.of(url).api, api_key="none", timeout=600.0, max_retries=0)
    clients: dict[str, Callable[[str], Timed]] = {
        "our client": partial(ours, engine, tokens),
        "plain httpx": partial(plain, client, body),
        "openai": partial(theirs, official, body),
    }
    found: dict[str, list[Timed]] = {name: [] for name in clients}
    for turn in range(rounds + _WARMUP):
        # Whoever comes later is not to be the one who always finds a warm machine.
        names = list(clients)[turn % len(clients) :] + list(clients)[: turn % len(clients)]
        for name in names:
            timed = clients[name](f"{turn} {name} {_STORY}")
            if turn >= _WARMUP:
                found[name].append(timed)
    say(f"{engine.info.device}: {tokens} tokens, {rounds} alternating rounds, greedy")
    for what, unit, scale in (("first", "ms to the first token", 1000.0), ("rate", "tok/s", 1.0)):
        figures = {name: [getattr(one, what) * scale for one in all_] for name, all_ in found.items()}
        for name in clients:
            say(f"  {name:<36} {spread(figures[name], unit)}")
        mine = figures.pop("our client")
        for name, other in figures.items():
            above, under = (mine, other) if what == "rate" else (other, mine)
            low, high = median_interval([a / b for a, b in zip(above, under, strict=True)])
            good = f"{ratio(above, under)}, 95 % of the median {low:.3f} to {high:.3f}"
            say(f"  {f'against {name} (1 or more is good)':<36} {good}")
    engine.close()
    client.close()
    official.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.remote")
    parser.add_argument("url")
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=9)
    main(**vars(parser.parse_args()))
