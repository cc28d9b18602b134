"""One answer on one context: read the prompt in steps, then decode token by token.

Runs on the engine's thread; everything it says goes out as `Chunk`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.contract import Chunk, DoneReason, Prefill, PromptTooLong, Request, Usage
from engine.llama.context import STEP, Aborted, LlamaContext
from engine.llama.library import llama
from engine.llama.model import LlamaModel
from engine.llama.sampler import Sampler, draw_seed
from engine.llama.template import ChatTemplate
from engine.text import THINK_CLOSE, THINK_OPEN, TextStream


@dataclass(slots=True)
class _Clock:
    """When things happened, on the monotonic clock, in seconds."""

    submitted: float
    prefill_began: float = 0.0
    prefill_seconds: float = 0.0
    first_token: float = 0.0
    last_token: float = 0.0
    pending: list[int] = field(default_factory=list)


class Pieces:
    """Bytes of tokens as they are shown: control tokens are silent, but thinking tags are not."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._tags = {model.single_token(tag) for tag in (THINK_OPEN, THINK_CLOSE)} - {None}

    def __call__(self, token: int) -> bytes:
        return self._model.piece(token, special=token in self._tags)


class Generation:
    """The chunks of one request. ``cancelled`` is asked between tokens."""

    def __init__(
        self,
        request: Request,
        context: LlamaContext,
        template: ChatTemplate,
        pieces: Pieces,
        cancelled: Callable[[], bool],
    ) -> None:
        self._request, self._context, self._pieces, self._cancelled = request, context, pieces, cancelled
        prompt = template.render(request.messages, request.thinking)
        self._prompt = context.model.prompt_tokens(prompt)
        stops = (*request.stop, *template.stops)
        self._text = TextStream(stops, thinking=prompt.rstrip().endswith(THINK_OPEN))
        self._seed = draw_seed(request.sampling)
        self._decoded = 0
        self._kept = 0
        if len(self._prompt) >= context.size:
            raise PromptTooLong(len(self._prompt), context.size)

    def chunks(self, submitted: float) -> Iterator[Chunk]:
        """The whole answer; ``submitted`` is when it was asked for (`time.perf_counter`)."""
        clock = _Clock(submitted)
        try:
            yield from self._prefill(clock)
        except Aborted:
            yield self._last(clock, "cancelled")
            return
        yield from self._decode(clock)

    def _prefill(self, clock: _Clock) -> Iterator[Chunk]:
        clock.prefill_began = time.perf_counter()
        self._kept = done = self._context.prepare(self._prompt)
        total = len(self._prompt)
        yield Chunk(prefill=Prefill(done, total))
        while done < total:
            step = self._prompt[done : done + STEP]
            self._context.decode(step)
            done += len(step)
            yield Chunk(prefill=Prefill(done, total))
        clock.prefill_seconds = time.perf_counter() - clock.prefill_began

    def _decode(self, clock: _Clock) -> Iterator[Chunk]:
        sampler = Sampler(self._request.sampling, self._seed, self._context.model.vocab_size)
        try:
            reason: DoneReason | None = None
            while reason is None:
                token = llama.llama_sampler_sample(sampler.handle, self._context.handle, -1)
                clock.last_token = time.perf_counter()
                clock.first_token = clock.first_token or clock.last_token
                if self._context.model.is_end(token):
                    reason = "stop"
                    break
                self._decoded += 1
                clock.pending.append(token)
                piece = self._text.push(self._pieces(token))
                if piece.text or piece.thinking:
                    tokens, clock.pending = tuple(clock.pending), []
                    yield Chunk(text=piece.text, thinking=piece.thinking, tokens=tokens)
                reason = self._ended() or self._step(token)
        finally:
            sampler.free()
        yield self._last(clock, reason)

    def _ended(self) -> DoneReason | None:
        if self._text.stopped:
            return "stop"
        if self._cancelled():
            return "cancelled"
        if self._request.max_tokens is not None and self._decoded >= self._request.max_tokens:
            return "length"
        return "context" if self._context.used >= self._context.size else None

    def _step(self, token: int) -> DoneReason | None:
        try:
            self._context.decode((token,))
        except Aborted:
            return "cancelled"
        return None

    def _last(self, clock: _Clock, reason: DoneReason) -> Chunk:
        rest = self._text.flush()
        usage = Usage(
            prompt_tokens=len(self._prompt),
            cached_tokens=self._kept,
            prefill_seconds=clock.prefill_seconds,
            first_token_seconds=(clock.first_token or time.perf_counter()) - clock.submitted,
            decode_tokens=max(0, self._decoded - 1),
            decode_seconds=max(0.0, clock.last_token - clock.first_token),
            seed=self._seed,
        )
        return Chunk(
            text=rest.text, thinking=rest.thinking, tokens=tuple(clock.pending), done=reason, usage=usage
        )
