"""How fast this model runs on this machine in which setting: measured once, remembered, told.

What is best differs by machine and by depth: on a CPU flash attention may gain a little on an empty context
and halve the speed on a full one. So it is tried out, within a few seconds, on whatever tokens.
"""

from __future__ import annotations

import hashlib
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from engine import memo
from engine.contract import LoadCancelled, Progress
from engine.llama.context import ContextOptions, LlamaContext, Row, default_threads
from engine.llama.library import devices, system_info, version
from engine.llama.model import LlamaModel

#: Tokens read per step where nothing was measured, and the sizes that are tried.
BATCH = 256
BATCHES = (64, 128, 256, 512)
#: Depth in tokens at which decode is measured, beside an almost empty context.
DEPTH = 768
#: Seconds that filling one context may take, and one batch; a slow machine measures at a smaller depth.
PATIENCE, PATIENCE_BATCH = 3.5, 1.2
_TOKENS = 8
_SHALLOW = 16
#: A setting other than the usual one has to be faster by this much: less is noise.
_CLEARLY = 1.05
#: Share of the processor in other hands from which figures are not to be trusted.
_BUSY = 0.2


@dataclass(frozen=True, slots=True)
class Tuning:
    """What to run with; ``why`` has a sentence for each of the three by its name.

    ``flash`` None leaves flash attention to llama.cpp. ``others`` is the share of the processor that other
    programs took while it was measured, 0 to 1.
    """

    threads: int
    batch: int
    flash: bool | None
    why: Mapping[str, str]
    others: float = 0.0

    @classmethod
    def usual(cls, gpu: bool) -> Tuning:
        """What is taken unmeasured: on a CPU flash attention is off, on a GPU llama.cpp knows best."""
        why = dict.fromkeys(("threads", "batch", "flash"), "the usual, not measured")
        return cls(default_threads(), BATCH, None if gpu else False, why)

    def forced(self, **given: Any) -> Tuning:
        """The same with what the operator set (None: nothing) in place of what was found."""
        chosen = {name: value for name, value in given.items() if value is not None}
        return replace(self, **chosen, why={**self.why, **dict.fromkeys(chosen, "set by the operator")})

    def needing_flash(self, why: str) -> Tuning:
        """The same with flash attention on, because something else needs it."""
        return replace(self, flash=True, why={**self.why, "flash": why})

    def sentences(self) -> tuple[str, ...]:
        """For the operator, one for each setting."""
        flash = {True: "on", False: "off", None: "as llama.cpp chooses"}[self.flash]
        shown = {"flash": f"flash attention {flash}", "threads": f"threads {self.threads}"}
        shown["batch"] = f"batch {self.batch}"
        sentences = [f"{text}: {self.why[name]}" for name, text in shown.items()]
        if self.others > _BUSY:
            sentences.append(
                f"measured while other programs took {self.others:.0%} of the processor: "
                "measure again when it is quiet (tui doctor --tune)"
            )
        return tuple(sentences)


def tuned(
    model: LlamaModel, gpu_layers: int, remembered_in: Path | None, on_progress: Progress, again: bool = False
) -> Tuning:
    """The tuning of this model here: remembered (unless ``again``), else measured now.

    Raises `LoadCancelled`.
    """
    conditions = f"tuning {_machine(gpu_layers)}"
    if remembered_in is not None and not again:
        known = _from_memo(memo.remembered(model.path, remembered_in, conditions))
        if known is not None:
            return known
    # On a thread that ends: libgomp keeps a team for every thread that has computed, and once there are more
    # of its threads than cores none of them may spin for long, which costs most of the speed for good.
    with ThreadPoolExecutor(1, thread_name_prefix="tuning") as alone:
        found = alone.submit(measure, model, on_progress).result()
    if remembered_in is not None:
        memo.remember(model.path, asdict(found), remembered_in, conditions)
    return found


def measure(model: LlamaModel, on_progress: Progress) -> Tuning:
    """Try flash attention, batches and threads. Raises `LoadCancelled` when ``on_progress`` says so."""
    probes: dict[bool, _Probe] = {}
    others = _Others()
    try:
        for at, flash in enumerate((False, True)):
            probes[flash] = _Probe(model, flash)
            probes[flash].fill(_part_of(on_progress, at * 0.4, 0.4))
        flash = min(probes, key=lambda one: probes[one].seconds_per_token)
        probe, on, off = probes[flash], probes[True], probes[False]
        threads, threads_why = probe.best_threads(_part_of(on_progress, 0.8, 0.1))
        batch, batch_why = probe.best_batch(_part_of(on_progress, 0.9, 0.1))
        flash_why = (
            f"decode {on.shallow:,.0f} tok/s with and {off.shallow:,.0f} without at depth {_SHALLOW}, "
            f"{on.deep:,.0f} and {off.deep:,.0f} at depth {probe.depth:,}"
        )
        why = {"flash": flash_why, "threads": threads_why, "batch": batch_why}
        return Tuning(threads, batch, flash, why, others.share())
    finally:
        for one in probes.values():
            one.context.free()


class _Others:
    """What other programs take of the processor from now on."""

    def __init__(self) -> None:
        self._all, self._ours, self._began = psutil.cpu_times(), time.process_time(), time.perf_counter()

    def share(self) -> float:
        """0 to 1 since the beginning; the hypervisor's and the waiting time count as nobody's."""
        now = psutil.cpu_times()
        busy = sum(
            getattr(now, kind, 0.0) - getattr(self._all, kind, 0.0) for kind in ("user", "nice", "system")
        )
        whole = (time.perf_counter() - self._began) * (psutil.cpu_count() or 1)
        return min(1.0, max(0.0, busy - (time.process_time() - self._ours)) / max(whole, 1e-9))


class _Probe:
    """One context being measured."""

    def __init__(self, model: LlamaModel, flash: bool) -> None:
        options = ContextOptions(DEPTH + 2 * max(BATCHES), default_threads(), batch=max(BATCHES), flash=flash)
        self.context = LlamaContext(model, options)
        self.shallow = self.deep = 0.0
        self.depth = 0
        self._pace = 1.0

    @property
    def seconds_per_token(self) -> float:
        """Of an answer that is short and of one that is deep, both counting alike."""
        return 1 / self.shallow + 1 / self.deep

    def fill(self, on_progress: Progress) -> None:
        """Decode on an almost empty context, read on as long as there is time, decode again."""
        _go_on(on_progress, 0.0)
        self._pace = self._read(_SHALLOW)
        self.shallow = self._decode()
        end = time.perf_counter() + PATIENCE
        while self.depth < DEPTH and time.perf_counter() + BATCH / self._pace < end:
            _go_on(on_progress, 0.1 + 0.8 * self.depth / DEPTH)
            self._pace = self._read(min(BATCH, DEPTH - self.depth))
        self.deep = self._decode()

    def best_batch(self, on_progress: Progress) -> tuple[int, str]:
        """The smallest batch that is about as fast as any: smaller steps are stopped and shared sooner."""
        rates: dict[int, float] = {}
        for at, size in enumerate(BATCHES):
            _go_on(on_progress, at / len(BATCHES))
            if size / self._pace < PATIENCE_BATCH:
                rates[size] = self._read(size)
                self._cut(self.depth - size)
        if not rates:
            return BATCH, "too slow to try others"
        best = min(size for size, rate in rates.items() if rate * _CLEARLY >= max(rates.values()))
        tried = ", ".join(f"{rate:,.0f} in {size}" for size, rate in rates.items())
        return best, f"prefill tok/s at depth {self.depth:,}: {tried}"

    def best_threads(self, on_progress: Progress) -> tuple[int, str]:
        """The fewest threads that decode about as fast as any, tried in turns."""
        usual = default_threads()
        candidates = sorted({1, usual // 2, usual, psutil.cpu_count() or usual} - {0})
        rates: dict[int, list[float]] = {count: [] for count in candidates}
        for turn in range(3):
            for count in candidates:
                _go_on(on_progress, turn / 3)
                self.context.set_threads(count)
                rates[count].append(self._decode(_TOKENS // 2))
        middle = {count: statistics.median(found) for count, found in rates.items()}
        best = max(middle, key=lambda count: middle[count])
        if middle[usual] * _CLEARLY >= middle[best]:
            best = usual
        tried = ", ".join(f"{rate:,.0f} with {count}" for count, rate in middle.items())
        return best, f"decode tok/s at depth {self.depth:,}: {tried}"

    def _read(self, count: int) -> float:
        """Tokens per second of reading ``count`` more."""
        rows = [Row(at % 251, 0, self.depth + at, at == count - 1) for at in range(count)]
        seconds = self._timed(lambda: self.context.decode(rows))
        self.depth += count
        return count / seconds

    def _decode(self, count: int = _TOKENS) -> float:
        """Tokens per second of decoding ``count`` at this depth, the first after a pause left out."""

        def decode(count: int) -> None:
            for at in range(count):
                self.context.decode([Row(at + 1, 0, self.depth + at, True)])
                self.context.synchronize()
            self._cut(self.depth)

        decode(1)
        return count / self._timed(lambda: decode(count))

    def _cut(self, depth: int) -> None:
        """Back to ``depth`` tokens, or to none where that cannot be (which is as good for timing)."""
        self.depth = depth if self.context.cut(0, depth) else 0

    def _timed(self, work: Callable[[], None]) -> float:
        began = time.perf_counter()
        work()
        self.context.synchronize()
        return max(time.perf_counter() - began, 1e-9)


def _go_on(on_progress: Progress, fraction: float) -> None:
    if not on_progress(fraction):
        raise LoadCancelled("loading was given up while the machine was being tried out")


def _part_of(on_progress: Progress, start: float, share: float) -> Progress:
    return lambda fraction: on_progress(start + share * fraction)


def _machine(gpu_layers: int) -> str:
    """What the figures hold for: library, processor, devices, cores that may be used, layers on the GPU."""
    parts = [version, system_info(), platform.machine(), str(default_threads()), str(psutil.cpu_count())]
    parts += [f"{device.description} {device.total}" for device in devices()] + [str(gpu_layers)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _from_memo(value: Any) -> Tuning | None:
    """None for anything that `measure` would not have found."""
    try:
        found = Tuning(**value)
        found.sentences()
    except (TypeError, KeyError):
        return None
    numbers = isinstance(found.threads, int) and isinstance(found.batch, int)
    return found if numbers and found.threads > 0 and found.batch > 0 else None
