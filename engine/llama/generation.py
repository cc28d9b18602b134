"""One answer being written: what it wants read next, and what it makes of the logits that come of it.

It does not decode: `engine.llama.scheduler` does, for several at once. What is said of it is `Telling`'s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.answer import Telling
from engine.contract import DoneReason, Request
from engine.llama.cache import Slot
from engine.llama.context import ActiveAdapters, LlamaContext
from engine.llama.model import LlamaModel
from engine.llama.sampler import Sampler
from engine.text import THINK_CLOSE, THINK_OPEN


class Pieces:
    """Bytes of tokens as they are shown: control tokens are silent, but thinking tags are not."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._tags = {model.single_token(tag) for tag in (THINK_OPEN, THINK_CLOSE)} - {None}
        #: What ends thinking that has used up its budget.
        self.end_of_thinking = model.tokenize(f"\n{THINK_CLOSE}\n\n", special=False, parse=True)

    def __call__(self, token: int) -> bytes:
        return self._model.piece(token, special=token in self._tags)


class Generation:
    """A request under way, with ``stops`` beside its own stop strings. It belongs to the engine's thread."""

    def __init__(
        self, request: Request, prompt: str, stops: Sequence[str], model: LlamaModel, pieces: Pieces
    ) -> None:
        self.request = request
        self.prompt = model.prompt_tokens(prompt)
        self.telling = Telling(request, prompt, len(self.prompt), stops)
        self.adapters: ActiveAdapters = ()
        self.slot: Slot | None = None
        self._model, self._pieces = model, pieces
        self._sampler: Sampler | None = None
        self._todo: deque[int] = deque()
        self._forced: deque[int] = deque()

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants it any more."""
        return self.telling.cancelled.is_set()

    def begin(self, slot: Slot) -> None:
        """Go to work on ``slot``, which may hold the beginning of the prompt already."""
        told = self.telling
        self._sampler = Sampler(self.request, told.seed, self._model, waiting=told.thinks_first)
        self.slot = slot
        self._todo.extend(self.prompt[len(slot.tokens) :])
        told.begin(len(slot.tokens))

    @property
    def writing(self) -> bool:
        """The prompt has been read: from here on one token is read at a time."""
        return self.telling.writing

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
            self.telling.reading(len(self.slot.tokens))
        if self._todo:
            return None
        return self._choose(context, row)

    def _choose(self, context: LlamaContext, row: int) -> DoneReason | None:
        assert self._sampler is not None
        assert self.slot is not None
        forced = self._forced.popleft() if self._forced else None
        if forced is None and self.telling.answering:
            self._sampler.hold()
        token = self._sampler.sample(context.handle, row, forced)
        self.telling.chosen()
        if self._model.is_end(token):
            return "stop"
        over = self.telling.say(token, self._pieces(token))
        if over is None and self.telling.spent():
            self._forced.extend(self._pieces.end_of_thinking)
        if over is None and len(self.slot.tokens) >= context.size:
            return "context"
        self._todo.append(token)
        return over

    def end(self, reason: DoneReason) -> None:
        """The last chunk, with what the answer cost."""
        self._free()
        self.telling.end(reason)

    def fail(self, error: BaseException) -> None:
        """Whoever reads the stream gets ``error``."""
        self._free()
        self.telling.fail(error)

    def _free(self) -> None:
        if self._sampler is not None:
            self._sampler.free()
            self._sampler = None
