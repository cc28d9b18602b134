"""Questions, each asked when it is due, and what became of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from benchmarks.memory import DIM, MODEL, Texts
from memory.contract import FloatArray, Vector
from memory.recall.recall import Recall
from memory.recalled import Policy
from memory.sqlite.store import MemoryStore

#: Recalls a second; threads that make them; different questions.
RATE, THREADS, QUESTIONS = 50, 8, 500


class Prepared:
    """An embedder that knows its questions' vectors; half of them are about some memory of ``store``."""

    model, dim = MODEL, DIM

    def __init__(self, store: MemoryStore, texts: Texts) -> None:
        self.known: dict[str, FloatArray] = {}
        strange = texts.vectors(QUESTIONS)
        ids = [one for one, _ in zip(store.ids("federation"), range(QUESTIONS // 2), strict=False)]
        for one in store.by_id(ids, Vector(strange[0], MODEL)):
            if one.vector is not None:
                near = 0.8 * one.vector + 0.6 * strange[len(self.known)]
                question = " ".join(one.memory.content.split()[:12])
                self.known[question] = np.asarray(near / np.linalg.norm(near), np.float32)
        for vector in strange[len(self.known) :]:
            self.known[" ".join(texts.words(int(texts.dice.integers(3, 21))))] = vector

    def embed(self, texts: Sequence[str], query: bool = False) -> FloatArray:
        """The prepared vectors."""
        return np.stack([self.known[text] for text in texts])


@dataclass
class Asked:
    """Milliseconds of each recall from when it was due, and of the processor for it; how many it showed.

    ``seconds``: from the first that was due to the end of the last.
    """

    late: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0


def ask(recall: Recall, questions: Sequence[str], recalls: int, stop: Path) -> Asked:
    """Make so many ``recalls``, on several threads."""
    asked, numbers, began = Asked(), count(), time.perf_counter()

    def work() -> None:
        while (number := next(numbers)) < recalls and not stop.exists():
            due = began + number / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            busy = time.thread_time()
            try:
                found = recall.recall(questions[number % len(questions)], Policy())
            except Exception as error:  # noqa: BLE001 - it never raises, and that is what is looked for
                asked.errors.append(f"recall: {error!r}")
                continue
            asked.busy.append((time.thread_time() - busy) * 1000)
            asked.late.append((time.perf_counter() - due) * 1000)
            asked.shown.append(len(found.shown))
            asked.errors += [f"recall: {note}" for note in found.notes]

    threads = [threading.Thread(target=work, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked.seconds = time.perf_counter() - began
    return asked
