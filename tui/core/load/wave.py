"""One wave: requests sent at the same moment, and when each piece of each answer arrived.

Times are seconds on the monotonic clock, counted from the beginning of the wave. It must not know modes, nor
what the times are for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.contract import Engine, Request, Usage


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer of a wave as it came.

    ``sent`` is when it was asked, ``arrived`` when each piece was there (a piece may hold several tokens),
    ``tokens`` how many were written. ``error``: why it did not come to its end; empty where it did.
    """

    who: str
    sent: float
    arrived: tuple[float, ...] = ()
    tokens: int = 0
    prompt: int = 0
    text: str = ""
    error: str = ""

    @property
    def first(self) -> float | None:
        """Seconds to the first piece; None where none came."""
        return self.arrived[0] - self.sent if self.arrived else None

    @property
    def rate(self) -> float | None:
        """Tokens per second after the first piece; None where nothing could be timed."""
        seconds = self.arrived[-1] - self.arrived[0] if self.arrived else 0.0
        return (self.tokens - 1) / seconds if seconds > 0 and self.tokens > 1 else None

    @property
    def gaps(self) -> list[float]:
        """Seconds from one piece to the next."""
        return [after - before for before, after in pairwise(self.arrived)]

    def told(self) -> dict[str, Any]:
        """As JSON has it; `heard` is the reverse."""
        times = [round(one, 6) for one in self.arrived]
        return {
            "who": self.who,
            "sent": round(self.sent, 6),
            "arrived": times,
            "tokens": self.tokens,
            "prompt": self.prompt,
            "text": self.text,
            "error": self.error,
        }


def heard(told: dict[str, Any]) -> Heard:
    """What `Heard.told` told."""
    return Heard(**{**told, "arrived": tuple(told["arrived"])})


def wave(engine: Engine, asked: Sequence[tuple[str, Request]]) -> list[Heard]:
    """Ask all at once and wait for the last answer; whatever goes wrong with one is its `Heard.error`.

    Interrupted, it cancels all of them first.
    """
    gate, began = threading.Event(), time.perf_counter()
    listeners = [_Listener(engine, who, request, gate, began) for who, request in asked]
    try:
        for one in listeners:
            one.start()
        gate.set()
        for one in listeners:
            one.join()
    except BaseException:
        gate.set()
        for one in listeners:
            one.stop()
        raise
    return [one.heard for one in listeners]


class Crowd:
    """Conversations that go on, each asking its next question when an answer is over, while this is open.

    ``question`` gives the next request of a conversation, by its number.
    """

    def __init__(self, engine: Engine, size: int, question: Callable[[int], Request]) -> None:
        self._engine, self._question = engine, question
        self._over = threading.Event()
        self._running: dict[int, str] = {}
        self._threads = [
            threading.Thread(target=self._talk, args=(at,), name=f"crowd {at}", daemon=True)
            for at in range(size)
        ]

    def __enter__(self) -> Crowd:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        while any(one.is_alive() for one in self._threads):
            for running in list(self._running.values()):
                self._engine.cancel(running)
            for one in self._threads:
                one.join(0.05)

    def _talk(self, number: int) -> None:
        while not self._over.is_set():
            request = self._question(number)
            self._running[number] = request.id
            try:
                for _ in self._engine.generate(request):
                    pass
            except Exception:  # noqa: BLE001 - what is measured beside it will meet the same, and tell it
                return


class _Listener:
    """Hears one answer on a thread of its own."""

    def __init__(
        self, engine: Engine, who: str, request: Request, gate: threading.Event, began: float
    ) -> None:
        self._engine, self._who, self._request = engine, who, request
        self._gate, self._began = gate, began
        self._thread = threading.Thread(target=self._listen, name=f"listener {who}", daemon=True)
        self.heard = Heard(who, 0.0, error="it was not asked")

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def stop(self) -> None:
        """End the answer, and wait for that."""
        while self._thread.is_alive():
            self._engine.cancel(self._request.id)
            self._thread.join(0.05)

    def _now(self) -> float:
        return time.perf_counter() - self._began

    def _listen(self) -> None:
        self._gate.wait()
        sent, arrived, said = self._now(), [], []
        tokens, usage, error = 0, None, ""
        try:
            for chunk in self._engine.generate(self._request):
                if chunk.text or chunk.thinking or chunk.tokens:
                    arrived.append(self._now())
                    said.append(chunk.thinking + chunk.text)
                    tokens += len(chunk.tokens)
                usage = chunk.usage or usage
        except Exception as trouble:  # noqa: BLE001 - it is one answer's, and is told in the report
            error = str(trouble) or type(trouble).__name__
        written = tokens or _written(usage) or len(arrived)
        prompt = usage.prompt_tokens if usage else 0
        self.heard = Heard(self._who, sent, tuple(arrived), written, prompt, "".join(said), error)


def _written(usage: Usage | None) -> int:
    """Tokens as the server counted them; 0 where nobody did."""
    return usage.decode_tokens + 1 if usage and usage.decode_tokens else 0
