"""`Engine` on llama.cpp: one model, one context, one thread of its own that all work goes through.

Knows adapters by the names it was given, nothing of modes. Who is read for next is the scheduler's choice.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine import fingerprint as identity
from engine import memo
from engine.contract import (
    Chunk,
    EngineError,
    Message,
    ModelInfo,
    Progress,
    PromptTooLong,
    Request,
    Scales,
)
from engine.llama.adapters import AdapterShelf
from engine.llama.cache import CacheStats, PrefixCache, Slot
from engine.llama.context import ContextOptions, LlamaContext, Row
from engine.llama.generation import Generation, Pieces
from engine.llama.library import devices, supports_gpu
from engine.llama.memory import choose_cache, choose_context, choose_slots, context_cost, free_memory
from engine.llama.model import LlamaModel
from engine.llama.sampler import Sampler
from engine.llama.scheduler import Scheduler
from engine.llama.template import ChatTemplate
from engine.llama.tuning import Tuning, tuned
from engine.lowrank import Basis, Coefficients

_ALL_LAYERS = -1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What may be forced; None leaves the choice to the engine.

    ``context`` is tokens for each of ``slots`` answers at once; ``cache`` bytes of main memory beside the
    context for what was read. ``tune`` False takes the usual for what is not forced, and measures nothing.
    ``memo`` is a file where facts about models are remembered.
    """

    context: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    memo: Path | None = None
    slots: int | None = None
    cache: int | None = None
    batch: int | None = None
    flash: bool | None = None
    window_only: bool = False
    tune: bool = False


class _Answer(Iterator[Chunk]):
    """The chunks of one answer. Closing it, or letting go of it, cancels what is not there yet."""

    def __init__(self, generation: Generation, cancel: Callable[[str], None]) -> None:
        self._generation, self._cancel, self._over = generation, cancel, False

    def __next__(self) -> Chunk:
        if self._over:
            raise StopIteration
        try:
            item = self._generation.take()
        except BaseException:
            self.close()
            raise
        if item.done is not None:
            self.close()
        return item

    def close(self) -> None:
        """Cancel the request unless it is over."""
        if not self._over:
            self._over = True
            self._cancel(self._generation.request.id)

    def __del__(self) -> None:
        self.close()


class LlamaEngine:
    """A loaded GGUF. Constructing it loads the model: call it off the screen's thread."""

    def __init__(
        self,
        path: Path,
        options: LlamaOptions,
        on_progress: Progress,
        on_tuning: Progress = lambda _fraction: True,
    ) -> None:
        layers = options.gpu_layers
        if layers is None:
            layers = _ALL_LAYERS if supports_gpu() else 0
        self._model = LlamaModel(path, layers, on_progress)
        try:
            self._tuning = self._tune(options, layers, on_tuning)
            self._context = self._open(options, self._tuning)
        except BaseException:
            self._model.free()
            raise
        model = self._model
        self._template = ChatTemplate(model.chat_template(), bos=model.bos, eos=model.eos)
        self._pieces = Pieces(model)
        self._shelf = AdapterShelf(model)
        self._cache = PrefixCache(self._context, choose_cache(options.cache))
        self._scheduler = Scheduler(self._context, self._cache, self._shelf.active)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._exclusive: deque[Callable[[], None]] = deque()
        self._lock = threading.RLock()  # an answer may be let go of anywhere, also inside
        self._running: dict[str, Generation] = {}
        self._closing = threading.Event()
        self._fingerprint = self._begin_fingerprint(options.memo)
        self._info = self._describe(layers)
        self._thread = threading.Thread(target=self._work, name="llama", daemon=True)
        self._thread.start()

    def _tune(self, options: LlamaOptions, layers: int, on_tuning: Progress) -> Tuning:
        """What is forced, and for the rest what was measured here, or the usual."""
        forced = {"threads": options.threads, "batch": options.batch, "flash": options.flash}
        if options.tune and None in forced.values():
            found = tuned(self._model, layers, options.memo, on_tuning)
        else:
            found = Tuning.usual(supports_gpu())
        return found.forced(**forced)

    def _open(self, options: LlamaOptions, tuning: Tuning) -> LlamaContext:
        cost, free = context_cost(self._model), free_memory()
        size = choose_context(options.context, self._model.trained_context, cost, free)
        slots = choose_slots(options.slots, size, cost, free)
        return LlamaContext(
            self._model,
            ContextOptions(size, tuning.threads, slots, tuning.batch, tuning.flash, options.window_only),
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def fingerprint(self, wait: bool = True) -> str | None:
        """Identity of the base weights; with ``wait=False`` None while they are still being read."""
        if not wait and not self._fingerprint.done():
            return None
        return self._fingerprint.result()

    def install(self, name: str, basis: Basis, coefficients: Coefficients) -> None:
        """Load coefficients under ``name``, replacing what had it. Raises `WrongBase`, `AdapterRefused`.

        Answers under way in what had the name go on with that to their end.
        """
        base = self.fingerprint() or ""
        self._run(lambda: self._shelf.install(name, basis, coefficients, base))

    def remove(self, name: str) -> None:
        """Forget ``name``; freed once no answer uses it, and cleared before. Raises `NotInstalled`."""

        def retire() -> None:
            self._shelf.retire(name)
            self._free_retired()

        self._run(retire)

    def installed(self) -> tuple[str, ...]:
        return self._shelf.names()

    def adapter_sizes(self) -> dict[str, int]:
        """Bytes that each installed mode holds."""
        return self._shelf.sizes()

    def forget(self) -> None:
        """Forget all that was read, answers under way excepted: the next answer reads its prompt afresh."""
        self._run(self._cache.forget)

    def cache_stats(self) -> CacheStats:
        """What is parked in main memory."""
        return self._run(self._cache.stats)

    def generate(self, request: Request) -> Iterator[Chunk]:
        """Stream one answer; see `engine.contract.Engine.generate`."""
        prompt = self._template.render(request.messages, request.thinking)
        with self._while_open():
            generation = Generation(request, prompt, self._template.stops, self._model, self._pieces)
            if len(generation.prompt) >= self._context.size:
                raise PromptTooLong(len(generation.prompt), self._context.size)
            self._running[request.id] = generation
            self._inbox.put(partial(self._scheduler.add, generation))
        return _Answer(generation, self._ended)

    def check(self, request: Request) -> None:
        """Raises `BadConstraint` where `generate` would; the messages are not looked at."""
        with self._while_open():
            Sampler(request, 0, self._model).free()

    def _ended(self, request_id: str) -> None:
        self.cancel(request_id)
        with self._lock:
            self._running.pop(request_id, None)

    def cancel(self, request_id: str) -> None:
        """End a request within one token; an unknown or finished one is left alone."""
        with self._lock:
            generation = self._running.get(request_id)
        if generation is not None:
            generation.cancelled.set()
            self._scheduler.interrupt()

    @contextmanager
    def _while_open(self) -> Iterator[None]:
        """Nothing is freed inside. Raises `EngineError` once the engine is closing."""
        with self._lock:
            if self._closing.is_set():
                raise EngineError("the model is closed")
            yield

    def score(self, prompt: str, continuations: Sequence[str], scales: Scales = ()) -> list[list[float]]:
        """Log-likelihood (nats) of every token of each continuation after ``prompt`` (no template).

        After an empty prompt the text begins as the vocabulary begins one.
        """
        with self._while_open():
            start = self._model.prompt_tokens(prompt or self._model.bos or self._model.eos)
            ends = [self._model.tokenize(text, special=False, parse=False) for text in continuations]
        return [self._run(partial(self._score, start, end, scales), exclusive=True) for end in ends]

    def _score(self, start: list[int], end: list[int], scales: Scales) -> list[float]:
        rows = self._logits([*start, *end], scales, first=len(start) - 1)[:-1].astype(np.float64)
        peak = rows.max(axis=1, keepdims=True)
        norm = peak[:, 0] + np.log(np.exp(rows - peak).sum(axis=1))
        return [float(rows[i, token] - norm[i]) for i, token in enumerate(end)]

    def logits(self, tokens: Sequence[int], scales: Scales = ()) -> NDArray[np.float32]:
        """Logits (tokens × vocabulary) of a fresh read, always in the same batches."""
        return self._run(lambda: self._logits(tokens, scales, first=None), exclusive=True)

    def _logits(self, tokens: Sequence[int], scales: Scales, first: int | None) -> NDArray[np.float32]:
        """From token ``first`` on, of which what came before may be known; None: all, read afresh."""
        if len(tokens) > self._context.size:
            raise PromptTooLong(len(tokens), self._context.size)
        adapters = self._shelf.active(scales)
        slot = self._cache.acquire(tokens[: (first or 0) + 1], adapters)
        try:
            if first is None:
                self._cache.keep(slot, 0)
            self._context.stop.set(False)
            self._context.set_adapters(adapters)
            return np.stack(list(self._rows(slot, tokens, first or 0)))
        finally:
            self._cache.mend(slot)
            self._cache.release(slot)

    def _rows(self, slot: Slot, tokens: Sequence[int], first: int) -> Iterator[NDArray[np.float32]]:
        while (done := len(slot.tokens)) < len(tokens):
            step = tokens[done : done + self._context.options.batch]
            self._context.decode(
                [Row(token, slot.sequence, done + at, done + at >= first) for at, token in enumerate(step)]
            )
            slot.tokens.extend(step)
            for at in range(len(step)):
                if done + at >= first:
                    yield self._context.logits(at)

    def tokenize(self, text: str) -> list[int]:
        """Tokens of plain text, with the vocabulary's own BOS."""
        with self._while_open():
            return self._model.tokenize(text, special=True, parse=False)

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        """Tokens of the prompt that the chat template makes of ``messages``."""
        prompt = self._template.render(messages, thinking)
        with self._while_open():
            return len(self._model.prompt_tokens(prompt))

    def close(self) -> None:
        """Cancel what runs, then free adapters, context and model. Closing twice is nothing."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            running = list(self._running)
        for request_id in running:
            self.cancel(request_id)
        self._inbox.put(lambda: None)
        self._thread.join()

    def _work(self) -> None:
        while (
            not self._closing.is_set() or self._scheduler.busy or self._exclusive or not self._inbox.empty()
        ):
            if self._inbox.empty() and self._scheduler.busy:
                self._step()
            else:
                self._inbox.get()()
            while self._exclusive and self._cache.has_free():
                self._exclusive.popleft()()
            self._free_retired()
        for name in self._shelf.names():
            self._shelf.retire(name)
        self._free_retired()
        self._context.free()
        self._model.free()

    def _step(self) -> None:
        try:
            self._scheduler.step()
        except Exception as error:  # noqa: BLE001 - those who wait must hear it, and the thread go on
            self._scheduler.fail_all(error)

    def _free_retired(self) -> None:
        self._shelf.free_retired(self._scheduler.uses, self._release)

    def _release(self, serial: int) -> None:
        if self._context.uses(serial):
            self._context.set_adapters(())
        self._cache.drop(serial)

    def _run(self, work: Callable[[], T], exclusive: bool = False) -> T:
        """Do it on the engine's thread, between two decodes; ``exclusive``: once there is a free sequence."""
        future: Future[T] = Future()

        def task() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the result
                future.set_exception(error)

        with self._while_open():
            self._inbox.put(partial(self._exclusive.append, task) if exclusive else task)
        return future.result()

    def _begin_fingerprint(self, cache: Path | None) -> Future[str | None]:
        future: Future[str | None] = Future()
        path = self._model.path
        known = memo.remembered(path, cache) if cache else None
        if known:
            future.set_result(known)
            return future

        def compute() -> None:
            try:
                value = identity.fingerprint(path, self._closing)
                if value and cache:
                    memo.remember(path, value, cache)
                future.set_result(value)
            except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the result
                future.set_exception(error)

        threading.Thread(target=compute, name="fingerprint", daemon=True).start()
        return future

    def _describe(self, gpu_layers: int) -> ModelInfo:
        model = self._model
        notes = [self._template.note] if self._template.note else []
        if self._context.size > model.trained_context:
            notes.append(
                f"the context of {self._context.size:,} tokens is longer than the "
                f"{model.trained_context:,} the model was trained on: expect nonsense beyond that"
            )
        gpus = [device.name for device in devices() if device.is_gpu] if gpu_layers else []
        return ModelInfo(
            name=model.name,
            architecture=model.architecture,
            path=model.path,
            size=model.size,
            parameters=model.parameters,
            context=self._context.size,
            slots=self._context.options.sequences,
            trained_context=model.trained_context,
            device=" + ".join(gpus) or "CPU",
            thinks=self._template.thinks,
            notes=tuple(notes),
            tuning=self._tuning.sentences(),
        )
