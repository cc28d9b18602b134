"""One answer being written on MLX: what its row begins with, and what is made of the tokens that come.

It does not compute: `engine.mlx.scheduler` lets `engine.mlx.rows` do it, for several at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.answer import Telling
from engine.contract import DoneReason, Request
from engine.mlx.conditioned import Layers
from engine.mlx.rows import Start
from engine.mlx.sampling import Processor, processors, sampler
from engine.mlx.share import BASE, Mix
from engine.mlx.vocabulary import Vocabulary
from engine.text import THINK_CLOSE


class Generation:
    """A request under way in a context of so many tokens; it belongs to the engine's thread."""

    def __init__(
        self, request: Request, prompt: str, stops: Sequence[str], vocabulary: Vocabulary, context: int
    ) -> None:
        self.request = request
        self.prompt = vocabulary.prompt_tokens(prompt)
        self.telling = Telling(request, prompt, len(self.prompt), stops)
        self.mix: Mix = BASE
        self._vocabulary, self._context = vocabulary, context
        self._spell = vocabulary.speller()
        self._processors: list[Processor] = []
        self._kept = self._written = 0

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants it any more."""
        return self.telling.cancelled.is_set()

    def prepare(self, mix: Mix) -> None:
        """Be answered in ``mix``. Raises `BadConstraint`."""
        self.mix = mix
        self._processors = processors(self.request, len(self.prompt), self._vocabulary)
        self._sampler = sampler(self.request.sampling, self.telling.seed)

    def begin(self, layers: Layers | None, kept: int) -> Start:
        """The row, of whose prompt the first ``kept`` tokens are in ``layers``."""
        self._kept = kept
        self.telling.begin(kept)
        return self._start(self.prompt[kept:], self.prompt[:kept], layers)

    def again(self, layers: Layers, read: list[int]) -> tuple[Start, DoneReason | None]:
        """The row after its thinking was ended; or why the answer is over with that."""
        ending = self._vocabulary.tokenize(f"\n{THINK_CLOSE}\n\n", special=False, parse=True)
        over = None
        for token in ending:
            over = over or self.write(token)
        return self._start(ending, read, layers), over

    def _start(self, tokens: list[int], read: list[int], layers: Layers | None) -> Start:
        return Start(tokens, read, layers, self.mix, self._sampler, self._processors)

    def read(self, count: int) -> None:
        """So many tokens of what the row began with are read."""
        if not self.telling.writing:
            self.telling.reading(self._kept + count)

    def write(self, token: int) -> DoneReason | None:
        """The next token; why the answer is over, if it is."""
        self.telling.chosen()
        if self._vocabulary.is_end(token):
            return "stop"
        self._written += 1
        over = self.telling.say(token, self._spell(token))
        if over is None and len(self.prompt) + self._written > self._context:
            return "context"
        return over
