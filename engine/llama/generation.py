"""One answer being written: what it wants read next, and what it makes of the logits that come of it.

It does not decode: `engine.llama.scheduler` does, for several at once. All that it says goes out as `Chunk`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from engine.contract import Chunk, DoneReason, Prefill, Request, Usage
from engine.llama.cache import Slot
from engine.llama.context import ActiveAdapters, LlamaContext
from engine.llama.model import LlamaModel
from engine.llama.sampler import Sampler, draw_seed
from engine.text import THINK_CLOSE, THINK_OPEN, TextStream


class Pieces:
    """Bytes of tokens as they are shown: control tokens are silent, but thinking tags are not."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._tags = {model.single_token(tag) for tag in (THINK_OPEN, THINK_CLOSE)} - {None}
        #: What ends thinking that has used up its budget.
        self.end_of_thinking = model.tokenize(f"\n{THINK_CLOSE}\n\n", special=False, parse=True)

    def __call__(self, token: int) -> bytes:
        return self._model.piece(token, special=token in self._tags)


@dataclass(slots=True)
class _Clock:
    """When things happened, on the monotonic clock, in seconds."""

    submitted: float
    begun: float = 0.0
    read: float = 0.0
    first_token: float = 0.0
    last_token: float = 0.0


class Generation:
    """A request under way, with ``stops`` beside its own stop strings.

    Its chunks may be taken, and `cancelled` set, from any thread; all else belongs to the engine's.
    """

    def __init__(
        self, request: Request, prompt: str, stops: Sequence[str], model: LlamaModel, pieces: Pieces
    ) -> None:
        self.request = request
        self.prompt = model.prompt_tokens(prompt)
        self.cancelled = threading.Event()
        self.adapters: ActiveAdapters = ()
        self.slot: Slot | None = None
        self._out: queue.SimpleQueue[Chunk | BaseException] = queue.SimpleQueue()
        self._model, self._pieces = model, pieces
        self._clock = _Clock(time.perf_counter())
        self._thinks_first = prompt.rstrip().endswith(THINK_OPEN)
        self._text = TextStream((*request.stop, *stops), thinking=self._thinks_first)
        self._seed = draw_seed(request.sampling)
        self._sampler: Sampler | None = None
        self._kept = self._decoded = self._thought = 0
        self._todo: deque[int] = deque()
        self._forced: deque[int] = deque()
        self._unsent: list[int] = []

    def take(self) -> Chunk:
        """The next chunk, when it comes. Raises what went wrong."""
        item = self._out.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def begin(self, slot: Slot) -> None:
        """Go to work on ``slot``, which may hold the beginning of the prompt already."""
        self._sampler = Sampler(self.request, self._seed, self._model, waiting=self._thinks_first)
        self.slot = slot
        self._kept = len(slot.tokens)
        self._todo.extend(self.prompt[self._kept :])
        self._clock.begun = time.perf_counter()
        self._out.put(Chunk(prefill=Prefill(self._kept, len(self.prompt))))

    @property
    def writing(self) -> bool:
        """The prompt has been read: from here on one token is read at a time."""
        return self._clock.read > 0

    @property
    def wanted(self) -> int:
        """How many tokens are to be read before the next one can be chosen."""
        return len(self._todo)

    def next(self, count: int) -> list[int]:
        """The next ``count`` tokens to read, at most `wanted`."""
        return [self._todo[at] for at in range(count)]

    def read(self, count: int, context: LlamaContext, row: int) -> DoneReason | None:
        """``count`` tokens were read, the last one as ``row`` of the decode; why it is over, if it is."""
        assert self.slot is not None
        self.slot.tokens.extend(self._todo.popleft() for _ in range(count))
        if not self.writing:
            self._out.put(Chunk(prefill=Prefill(len(self.slot.tokens), len(self.prompt))))
        if self._todo:
            return None
        return self._choose(context, row)

    def _choose(self, context: LlamaContext, row: int) -> DoneReason | None:
        assert self._sampler is not None
        assert self.slot is not None
        clock, forced = self._clock, self._forced.popleft() if self._forced else None
        if forced is None and self._text.answering:
            self._sampler.hold()
        token = self._sampler.sample(context.handle, row, forced)
        clock.last_token = time.perf_counter()
        if not self.writing:
            clock.read = clock.first_token = clock.last_token
        if self._model.is_end(token):
            return "stop"
        self._decoded += 1
        self._say(token)
        if self._text.stopped:
            return "stop"
        if self.request.max_tokens is not None and self._decoded >= self.request.max_tokens:
            return "length"
        if len(self.slot.tokens) >= context.size:
            return "context"
        self._todo.append(token)
        return None

    def _say(self, token: int) -> None:
        self._unsent.append(token)
        piece = self._text.push(self._pieces(token))
        if piece.text or piece.thinking:
            self._out.put(Chunk(text=piece.text, thinking=piece.thinking, tokens=tuple(self._unsent)))
            self._unsent = []
        budget = self.request.thinking_budget
        if budget is not None and self._text.thinking:
            self._thought += 1
            if self._thought == budget:
                self._forced.extend(self._pieces.end_of_thinking)

    def end(self, reason: DoneReason) -> None:
        """The last chunk, with what the answer cost."""
        clock, rest, now = self._clock, self._text.flush(), time.perf_counter()
        usage = Usage(
            prompt_tokens=len(self.prompt),
            cached_tokens=self._kept,
            prefill_seconds=(clock.read or now) - (clock.begun or now),
            first_token_seconds=(clock.first_token or now) - clock.submitted,
            decode_tokens=max(0, self._decoded - 1),
            decode_seconds=clock.last_token - clock.first_token,
            seed=self._seed,
        )
        self._free()
        self._out.put(
            Chunk(
                text=rest.text, thinking=rest.thinking, tokens=tuple(self._unsent), done=reason, usage=usage
            )
        )

    def fail(self, error: BaseException) -> None:
        """Whoever reads the stream gets ``error``."""
        self._free()
        self._out.put(error)

    def _free(self) -> None:
        if self._sampler is not None:
            self._sampler.free()
            self._sampler = None
