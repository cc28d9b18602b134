"""`Engine` on llama.cpp: one model, one context, one thread of its own that all work goes through.

Requests are answered in the order they come. Knows adapters by the names it was given, nothing of modes.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine import fingerprint as identity
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
from engine.llama.adapters import Adapter, AdapterShelf
from engine.llama.context import STEP, ContextOptions, LlamaContext, default_threads
from engine.llama.generation import Generation, Pieces
from engine.llama.library import devices, supports_gpu
from engine.llama.memory import choose_context, context_cost, free_memory
from engine.llama.model import LlamaModel
from engine.llama.template import ChatTemplate
from engine.lowrank import Basis, Coefficients

_ALL_LAYERS = -1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What may be forced; None leaves the choice to the engine.

    ``fingerprints`` is a file where the identity of base models is remembered.
    """

    context: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    fingerprints: Path | None = None


class _Job:
    """One request under way: where its chunks go, and whether it is still wanted."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.submitted = time.perf_counter()
        self.out: queue.SimpleQueue[Chunk | BaseException] = queue.SimpleQueue()
        self.cancelled = threading.Event()


class _Answer(Iterator[Chunk]):
    """The chunks of a job. Closing it, or letting go of it, cancels what is not there yet."""

    def __init__(self, job: _Job, cancel: Callable[[str], None]) -> None:
        self._job, self._cancel, self._over = job, cancel, False

    def __next__(self) -> Chunk:
        if self._over:
            raise StopIteration
        try:
            item = self._job.out.get()
            if isinstance(item, BaseException):
                raise item
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
            self._cancel(self._job.request.id)

    def __del__(self) -> None:
        self.close()


class LlamaEngine:
    """A loaded GGUF. Constructing it loads the model: call it off the screen's thread."""

    def __init__(self, path: Path, options: LlamaOptions, on_progress: Progress) -> None:
        layers = options.gpu_layers
        if layers is None:
            layers = _ALL_LAYERS if supports_gpu() else 0
        self._model = LlamaModel(path, layers, on_progress)
        try:
            cost = context_cost(self._model)
            size = choose_context(options.context, self._model.trained_context, cost, free_memory())
            threads = options.threads or default_threads()
            self._context = LlamaContext(self._model, ContextOptions(size, threads))
        except BaseException:
            self._model.free()
            raise
        model = self._model
        self._template = ChatTemplate(model.chat_template(), bos=model.bos, eos=model.eos)
        self._pieces = Pieces(model)
        self._shelf = AdapterShelf(model)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llama")
        self._lock = threading.RLock()  # an answer may be let go of anywhere, also inside
        self._jobs: dict[str, _Job] = {}
        self._running: _Job | None = None
        self._closing = threading.Event()
        self._fingerprint = self._begin_fingerprint(options.fingerprints)
        self._info = self._describe(layers)

    @property
    def info(self) -> ModelInfo:
        return self._info

    def fingerprint(self, wait: bool = True) -> str | None:
        """Identity of the base weights; with ``wait=False`` None while they are still being read."""
        if not wait and not self._fingerprint.done():
            return None
        return self._fingerprint.result()

    def install(self, name: str, basis: Basis, coefficients: Coefficients) -> None:
        """Load coefficients under ``name``, replacing what had it. Raises `WrongBase`, `AdapterRefused`."""
        base = self.fingerprint() or ""
        self._run(lambda: self._shelf.install(name, basis, coefficients, base, self._release))

    def remove(self, name: str) -> None:
        """Forget ``name``; it is cleared from the context before it is freed. Raises `NotInstalled`."""
        self._run(lambda: self._shelf.remove(name, self._release))

    def installed(self) -> tuple[str, ...]:
        return self._shelf.names()

    def adapter_sizes(self) -> dict[str, int]:
        """Bytes that each installed mode holds."""
        return self._shelf.sizes()

    def generate(self, request: Request) -> Iterator[Chunk]:
        """Stream one answer; see `engine.contract.Engine.generate`."""
        job = _Job(request)
        with self._while_open():
            self._jobs[request.id] = job
            self._thread.submit(self._serve, job)
        return _Answer(job, self.cancel)

    @contextmanager
    def _while_open(self) -> Iterator[None]:
        """Nothing is freed inside. Raises `EngineError` once the engine is closing."""
        with self._lock:
            if self._closing.is_set():
                raise EngineError("the model is closed")
            yield

    def _serve(self, job: _Job) -> None:
        with self._lock:
            self._running = job
            self._context.stop.set(job.cancelled.is_set())
        try:
            self._context.set_adapters(self._shelf.active(job.request.scales))
            generation = Generation(
                job.request, self._context, self._template, self._pieces, job.cancelled.is_set
            )
            for chunk in generation.chunks(job.submitted):
                job.out.put(chunk)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the one who asked must hear it
            job.out.put(error)
        finally:
            with self._lock:
                self._running = None
                self._context.stop.set(False)
                self._jobs.pop(job.request.id, None)

    def cancel(self, request_id: str) -> None:
        """End a request within one token; an unknown or finished one is left alone."""
        with self._lock:
            job = self._jobs.get(request_id)
            if job is None:
                return
            job.cancelled.set()
            if job is self._running:
                self._context.stop.set(True)

    def score(self, prompt: str, continuations: Sequence[str], scales: Scales = ()) -> list[list[float]]:
        """Log-likelihood (nats) of every token of each continuation after ``prompt`` (no template).

        After an empty prompt the text begins as the vocabulary begins one.
        """
        with self._while_open():
            start = self._model.prompt_tokens(prompt or self._model.bos or self._model.eos)
            ends = [self._model.tokenize(text, special=False, parse=False) for text in continuations]
        return [self._run(partial(self._score, start, end, scales)) for end in ends]

    def _score(self, start: list[int], end: list[int], scales: Scales) -> list[float]:
        rows = self._logits([*start, *end], scales, first=len(start) - 1)[:-1].astype(np.float64)
        peak = rows.max(axis=1, keepdims=True)
        norm = peak[:, 0] + np.log(np.exp(rows - peak).sum(axis=1))
        return [float(rows[i, token] - norm[i]) for i, token in enumerate(end)]

    def logits(self, tokens: Sequence[int], scales: Scales = ()) -> NDArray[np.float32]:
        """Logits (tokens × vocabulary) of a fresh read, always in the same batches."""

        def fresh() -> NDArray[np.float32]:
            self._context.clear()
            return self._logits(tokens, scales, first=0)

        return self._run(fresh)

    def _logits(self, tokens: Sequence[int], scales: Scales, first: int) -> NDArray[np.float32]:
        if len(tokens) > self._context.size:
            raise PromptTooLong(len(tokens), self._context.size)
        self._context.set_adapters(self._shelf.active(scales))
        done = self._context.prepare(tokens[: first + 1])
        rows = []
        while done < len(tokens):
            step = tokens[done : done + STEP]
            self._context.decode(step, all_logits=done + len(step) > first)
            rows += [self._context.logits(i) for i in range(len(step)) if done + i >= first]
            done += len(step)
        return np.stack(rows)

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
            running = list(self._jobs)
        for request_id in running:
            self.cancel(request_id)
        self._thread.submit(self._free).result()
        self._thread.shutdown()

    def _free(self) -> None:
        for name in self._shelf.names():
            self._shelf.remove(name, self._release)
        self._context.free()
        self._model.free()

    def _release(self, adapter: Adapter) -> None:
        if self._context.uses(adapter.serial):
            self._context.set_adapters(())

    def _run(self, work: Callable[[], T]) -> T:
        with self._while_open():
            waiting = self._thread.submit(work)
        return waiting.result()

    def _begin_fingerprint(self, cache: Path | None) -> Future[str | None]:
        future: Future[str | None] = Future()
        path = self._model.path
        known = identity.remembered(path, cache) if cache else None
        if known:
            future.set_result(known)
            return future

        def compute() -> None:
            try:
                value = identity.fingerprint(path, self._closing)
                if value and cache:
                    identity.remember(path, value, cache)
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
            trained_context=model.trained_context,
            device=" + ".join(gpus) or "CPU",
            thinks=self._template.thinks,
            notes=tuple(notes),
        )
