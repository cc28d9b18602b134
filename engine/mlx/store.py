"""What has been read already, so that nothing is read twice: K and V by their tokens and coefficients.

They depend on nothing else, so an entry serves any conversation, branch or fork that begins alike, and
another mode never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlx.utils import tree_map
from mlx_lm.models.cache import can_trim_prompt_cache, trim_prompt_cache

from engine.llama.cache import CacheStats, common_prefix
from engine.mlx.conditioned import Layers
from engine.mlx.library import mx
from engine.mlx.share import Key


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A sequence that was read: K and V of ``tokens``, read in the coefficients of ``key``."""

    key: Key
    tokens: list[int]
    layers: Layers

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(layer.nbytes for layer in self.layers)


class PromptStore:
    """Entries in order of their last use, up to ``limit`` bytes; what was longest unused goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: list[Kept] = []
        self._passing: Kept | None = None
        self._evicted = 0

    def take(self, prompt: Sequence[int], key: Key) -> tuple[Layers | None, int]:
        """A copy of K and V of the longest known beginning of ``prompt``, and its length.

        At least the last token of ``prompt`` is left to be read, because its logits are wanted.
        """
        wanted = list(prompt[:-1])
        best, length = None, 0
        for entry in [*self._entries, *([self._passing] if self._passing else [])]:
            common = common_prefix(entry.tokens, wanted) if entry.key == key else 0
            whole = common == len(entry.tokens)
            if common >= max(length, 1) and (whole or can_trim_prompt_cache(entry.layers)):
                best, length = entry, common  # of those that serve alike the one used last: others may go
        if best is None:
            return None, 0
        if best in self._entries:
            self._entries.remove(best)
            self._entries.append(best)
        return copied(best.layers, len(best.tokens) - length), length

    def put(self, entry: Kept) -> None:
        """Keep what was read, in place of whatever it holds itself."""
        if not entry.tokens or any(_covers(one, entry) for one in self._entries):
            return
        self._entries = [one for one in self._entries if not _covers(entry, one)]
        self._entries.append(entry)
        while sum(one.size for one in self._entries) > self._limit:
            del self._entries[0]
            self._evicted += 1

    def pass_by(self, entry: Kept) -> None:
        """Keep it until the next of its kind: nobody will go on from it, but others may begin alike."""
        self._passing = entry

    def forget(self) -> None:
        """Forget all of it."""
        self._entries, self._passing = [], None

    def entries(self) -> tuple[Kept, ...]:
        """What is kept, longest unused first."""
        return tuple(self._entries)

    def stats(self) -> CacheStats:
        return CacheStats(len(self._entries), sum(one.size for one in self._entries), self._evicted)


def copied(layers: Layers, cut: int = 0) -> Layers:
    """A copy that may be written to, shorter by ``cut`` tokens; the numbers are shared until then."""
    own = [type(layer).from_state(tree_map(_own, layer.state)) for layer in layers]
    if cut:
        trim_prompt_cache(own, cut)
    return own


def _own(value: Any) -> Any:
    return mx.array(value) if isinstance(value, mx.array) else value


def _covers(entry: Kept, other: Kept) -> bool:
    """Whether ``entry`` could be cut to what ``other`` holds."""
    length = len(other.tokens)
    same = entry.key == other.key and entry.tokens[:length] == other.tokens
    return same and (length == len(entry.tokens) or can_trim_prompt_cache(entry.layers))
