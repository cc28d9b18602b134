"""`Engine` on llama.cpp: one model, one context, one thread of its own that all work goes through.

Knows adapters by the names it was given, nothing of modes. Who is read for next is the scheduler's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.answer import Answer
from engine.contract import (
    Chunk,
    Message,
    ModelInfo,
    ModelUnusable,
    Progress,
    PromptTooLong,
    Request,
    Scales,
)
from engine.fingerprint import Fingerprint
from engine.llama.adapters import AdapterShelf
from engine.llama.cache import CacheStats, PrefixCache
from engine.llama.context import ContextOptions, LlamaContext
from engine.llama.generation import Generation, Pieces
from engine.llama.library import devices, supports_gpu
from engine.llama.memory import choose, choose_cache, free_memory, shape_of_model
from engine.llama.model import LlamaModel
from engine.llama.reading import read_logits
from engine.llama.sampler import Sampler
from engine.llama.scheduler import Scheduler
from engine.llama.scoring import Scorer
from engine.llama.template import ChatTemplate
from engine.llama.tuning import Tuning, tuned
from engine.lowrank import Basis, Coefficients
from engine.plan.need import KvKind, Settings
from engine.worker import Worker

_ALL_LAYERS = -1


@dataclass(frozen=True, slots=True)
class LlamaOptions:
    """What may be forced; None leaves the choice to the engine.

    ``context`` is tokens for each of ``slots`` answers at once; ``cache`` bytes of main memory beside the
    context for what was read; ``kv`` how K and V are stored. ``tune`` False takes the usual for what is not
    forced, and measures nothing; ``again`` measures anew what is remembered.
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
    kv: KvKind = "f16"
    tune: bool = False
    again: bool = False


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
            self._context = self._open(options, self._tuning, layers)
        except BaseException:
            self._model.free()
            raise
        model = self._model
        self._template = ChatTemplate(model.chat_template(), bos=model.bos, eos=model.eos)
        self._pieces = Pieces(model)
        self._shelf = AdapterShelf(model)
        self._cache = PrefixCache(self._context, choose_cache(options.cache))
        self._scheduler = Scheduler(self._context, self._cache, self._shelf.active)
        self._worker = Worker(self._scheduler, self._cache.has_free, self._free_retired, self._free)
        self._running: dict[str, Generation] = {}
        self._fingerprint = Fingerprint(path, options.memo, self._worker.closing)
        self._info = self._describe(layers)
        self._worker.start()

    def _tune(self, options: LlamaOptions, layers: int, on_tuning: Progress) -> Tuning:
        """What is forced, and for the rest what was measured here, or the usual."""
        forced = {"threads": options.threads, "batch": options.batch, "flash": options.flash}
        if options.tune and None in forced.values():
            found = tuned(self._model, layers, options.memo, on_tuning, options.again)
        else:
            found = Tuning.usual(supports_gpu())
        found = found.forced(**forced)
        return found if options.kv == "f16" else found.needing_flash(f"K and V in {options.kv} need it")

    def _open(self, options: LlamaOptions, tuning: Tuning, layers: int) -> LlamaContext:
        if options.kv != "f16" and options.flash is False:
            raise ModelUnusable(
                f"K and V in {options.kv} need flash attention, which was forbidden: leave out "
                "--no-flash-attention, or --kv"
            )
        run = Settings(0, batch=tuning.batch, flash=tuning.flash is not False, kv=options.kv)
        free = free_memory(layers)
        chosen = choose(shape_of_model(self._model), run, options.context, options.slots, free)
        return LlamaContext(
            self._model,
            ContextOptions(
                chosen.context, tuning.threads, chosen.slots, tuning.batch, tuning.flash, kv=options.kv
            ),
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    def fingerprint(self, wait: bool = True) -> str | None:
        """Identity of the base weights; with ``wait=False`` None while they are still being read."""
        return self._fingerprint.get(wait)

    def install(self, name: str, basis: Basis, coefficients: Coefficients) -> None:
        """Load coefficients under ``name``, replacing what had it. Raises `WrongBase`, `AdapterRefused`.

        Answers under way in what had the name go on with that to their end.
        """
        base = self.fingerprint() or ""
        self._worker.run(lambda: self._shelf.install(name, basis, coefficients, base))

    def remove(self, name: str) -> None:
        """Forget ``name``; freed once no answer uses it, and cleared before. Raises `NotInstalled`."""

        def retire() -> None:
            self._shelf.retire(name)
            self._free_retired()

        self._worker.run(retire)

    def installed(self) -> tuple[str, ...]:
        return self._shelf.names()

    def adapter_sizes(self) -> dict[str, int]:
        """Bytes that each installed mode holds."""
        return self._shelf.sizes()

    def forget(self) -> None:
        """Forget all that was read, answers under way excepted: the next answer reads its prompt afresh."""
        self._worker.run(self._cache.forget)

    def cache_stats(self) -> CacheStats:
        """What is parked in main memory."""
        return self._worker.run(self._cache.stats)

    def generate(self, request: Request) -> Iterator[Chunk]:
        """Stream one answer; see `engine.contract.Engine.generate`."""
        prompt = self._template.render(request.messages, request.thinking)
        with self._worker.while_open():
            generation = Generation(request, prompt, self._template.stops, self._model, self._pieces)
            if len(generation.prompt) >= self._context.size:
                raise PromptTooLong(len(generation.prompt), self._context.size)
            self._running[request.id] = generation
            self._worker.post(partial(self._scheduler.add, generation))
        return Answer(generation.telling, self._ended)

    def check(self, request: Request) -> None:
        """Raises `BadConstraint` where `generate` would; the messages are not looked at."""
        with self._worker.while_open():
            Sampler(request, 0, self._model).free()

    def _ended(self, request_id: str) -> None:
        self.cancel(request_id)
        self._running.pop(request_id, None)

    def cancel(self, request_id: str) -> None:
        """End a request within one token; an unknown or finished one is left alone."""
        generation = self._running.get(request_id)
        if generation is not None:
            generation.telling.cancelled.set()
            self._scheduler.interrupt()

    def score(
        self, prompt: str | Sequence[Message], continuations: Sequence[str], scales: Scales = ()
    ) -> list[list[float]]:
        """Log-likelihood (nats) of every token of each continuation; see `engine.contract.Engine.score`.

        After an empty text the continuation begins as the vocabulary begins one. Answers under way wait.
        """
        text = prompt if isinstance(prompt, str) else self._template.answer(prompt)
        with self._worker.while_open():
            start = self._model.prompt_tokens(text or self._model.bos or self._model.eos)
            ends = [self._model.tokenize(end, special=False, parse=False) for end in continuations]
        scorer = Scorer(self._context, self._cache)
        return self._worker.run(lambda: scorer.score(start, ends, self._shelf.active(scales)), exclusive=True)

    def logits(self, tokens: Sequence[int], scales: Scales = ()) -> NDArray[np.float32]:
        """Logits (tokens × vocabulary) of a fresh read, always in the same batches."""
        return self._worker.run(
            lambda: read_logits(self._context, self._cache, tokens, self._shelf.active(scales)),
            exclusive=True,
        )

    def tokenize(self, text: str) -> list[int]:
        """Tokens of plain text, with the vocabulary's own BOS."""
        with self._worker.while_open():
            return self._model.tokenize(text, special=True, parse=False)

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        """Tokens of the prompt that the chat template makes of ``messages``."""
        prompt = self._template.render(messages, thinking)
        with self._worker.while_open():
            return len(self._model.prompt_tokens(prompt))

    def close(self) -> None:
        """Cancel what runs, then free adapters, context and model. Closing twice is nothing."""
        self._worker.close(self._cancel_all)

    def _cancel_all(self) -> None:
        for request_id in list(self._running):
            self.cancel(request_id)

    def _free(self) -> None:
        for name in self._shelf.names():
            self._shelf.retire(name)
        self._free_retired()
        self._context.free()
        self._model.free()

    def _free_retired(self) -> None:
        self._shelf.free_retired(self._scheduler.uses, self._release)

    def _release(self, serial: int) -> None:
        if self._context.uses(serial):
            self._context.set_adapters(())
        self._cache.drop(serial)

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
