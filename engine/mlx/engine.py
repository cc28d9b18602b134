"""`Engine` on MLX: one model, modes as cores in it, one thread of its own that touches mlx.

Knows modes by the names it was given, nothing of what they mean. Who is computed next is the scheduler's
choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.answer import Answer
from engine.contract import Chunk, Message, ModelInfo, Progress, PromptTooLong, Request, Scales
from engine.fingerprint import Fingerprint
from engine.llama.cache import CacheStats
from engine.lowrank import Basis, Coefficients
from engine.mlx import saving
from engine.mlx.generation import Generation
from engine.mlx.opening import MlxOptions, Opened, open_model
from engine.mlx.sampling import processors
from engine.mlx.scheduler import Scheduler
from engine.worker import Worker

__all__ = ["MlxEngine", "MlxOptions"]

T = TypeVar("T")


class MlxEngine:
    """A loaded GGUF or MLX directory. Constructing it loads the model: call it off the screen's thread."""

    def __init__(
        self,
        path: Path,
        options: MlxOptions,
        on_progress: Progress,
        on_tuning: Progress = lambda _fraction: True,
    ) -> None:
        self._kept = options.kept
        self._running: dict[str, Generation] = {}
        self._opened: Opened | None = None
        self._scheduler = Scheduler()
        self._worker = Worker(self._scheduler, at_end=self._free)
        self._worker.start()
        try:
            opened = self._worker.run(partial(open_model, path, options, on_progress))
        except BaseException:
            self._worker.close(lambda: None)
            raise
        self._opened, self._info = opened, opened.info
        self._fingerprint = Fingerprint(path, options.memo, self._worker.closing)
        self._worker.run(self._begin)

    def _begin(self) -> None:
        self._scheduler.open(self._parts.desk)
        if self._kept is not None:
            saving.load(self._parts.store, self._kept, self.fingerprint() or "")

    @property
    def _parts(self) -> Opened:
        """What works on the model; there is none once the engine is closed, and nobody asks then."""
        assert self._opened is not None
        return self._opened

    def _run(self, work: Callable[[Opened], T]) -> T:
        """Do it on the engine's thread, between two steps."""
        return self._worker.run(lambda: work(self._parts))

    @property
    def info(self) -> ModelInfo:
        return self._info

    def fingerprint(self, wait: bool = True) -> str | None:
        """Identity of the base weights; with ``wait=False`` None while they are still being read."""
        return self._fingerprint.get(wait)

    def install(self, name: str, basis: Basis, coefficients: Coefficients) -> None:
        """Put coefficients into the model under ``name``, replacing what had it.

        Answers under way in what had the name go on with that to their end. Raises `WrongBase`,
        `AdapterRefused`.
        """
        base = self.fingerprint() or ""
        self._run(lambda parts: parts.shelf.install(name, basis, coefficients, base))

    def remove(self, name: str) -> None:
        """Forget ``name``; freed once no answer uses it. Raises `NotInstalled`."""
        self._run(lambda parts: parts.shelf.remove(name))

    def installed(self) -> tuple[str, ...]:
        return self._opened.shelf.names() if self._opened else ()

    def adapter_sizes(self) -> dict[str, int]:
        """Bytes of the cores of each installed mode; what they share is not counted."""
        return self._run(lambda parts: parts.shelf.sizes())

    def forget(self) -> None:
        """Forget all that was read, answers under way excepted: the next answer reads its prompt afresh."""
        self._run(lambda parts: parts.store.forget())

    def cache_stats(self) -> CacheStats:
        """What is kept of what was read."""
        return self._run(lambda parts: parts.store.stats())

    def generate(self, request: Request) -> Iterator[Chunk]:
        """Stream one answer; see `engine.contract.Engine.generate`."""
        with self._worker.while_open():
            parts, size = self._parts, self._info.context
            prompt = parts.template.render(request.messages, request.thinking)
            generation = Generation(request, prompt, parts.template.stops, parts.vocabulary, size)
            if len(generation.prompt) >= size:
                raise PromptTooLong(len(generation.prompt), size)
            self._running[request.id] = generation
            self._worker.post(partial(self._scheduler.add, generation))
        return Answer(generation.telling, self._ended)

    def check(self, request: Request) -> None:
        """Raises `BadConstraint` where `generate` would; the messages are not looked at."""
        self._run(lambda parts: processors(request, 0, parts.vocabulary))

    def _ended(self, request_id: str) -> None:
        self.cancel(request_id)
        self._running.pop(request_id, None)

    def cancel(self, request_id: str) -> None:
        """End a request within one token; an unknown or finished one is left alone."""
        generation = self._running.get(request_id)
        if generation is not None:
            generation.telling.cancelled.set()

    def score(
        self, prompt: str | Sequence[Message], continuations: Sequence[str], scales: Scales = ()
    ) -> list[list[float]]:
        """Log-likelihood (nats) of every token of each continuation; see `engine.contract.Engine.score`.

        After an empty text the continuation begins as the vocabulary begins one. Answers under way wait.
        """
        with self._worker.while_open():
            words, template = self._parts.vocabulary, self._parts.template
            text = prompt if isinstance(prompt, str) else template.answer(prompt)
            start = words.prompt_tokens(text or words.bos or words.eos)
            ends = [words.tokenize(end, special=False, parse=False) for end in continuations]
        return self._run(lambda parts: parts.reader.score(start, ends, parts.shelf.mix(scales)))

    def logits(self, tokens: Sequence[int], scales: Scales = ()) -> NDArray[np.float32]:
        """Logits (tokens × vocabulary) of a fresh read, always in the same pieces."""
        return self._run(lambda parts: parts.reader.logits(tokens, parts.shelf.mix(scales)))

    def tokenize(self, text: str) -> list[int]:
        """Tokens of plain text, with the vocabulary's own BOS."""
        with self._worker.while_open():
            return self._parts.vocabulary.tokenize(text, special=True, parse=False)

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        """Tokens of the prompt that the chat template makes of ``messages``."""
        with self._worker.while_open():
            prompt = self._parts.template.render(messages, thinking)
            return len(self._parts.vocabulary.prompt_tokens(prompt))

    def close(self) -> None:
        """Cancel what runs, then let go of modes and model. Closing twice is nothing."""
        self._worker.close(self._cancel_all)

    def _cancel_all(self) -> None:
        for request_id in list(self._running):
            self.cancel(request_id)

    def _free(self) -> None:
        if self._opened is None:
            return
        base = self.fingerprint(wait=False)
        if self._kept is not None and base is not None:
            saving.save(self._opened.store, self._kept, base)
        self._scheduler.shut()
        self._opened.vocabulary.close()
        self._opened = None
