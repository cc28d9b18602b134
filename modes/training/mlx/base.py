"""The base as MLX has it, packed as it is kept, and how it spells.

In MLX every row and column is where the base's own file has it, so nothing is turned as it is for torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlx.utils import tree_flatten

from engine.contract import Message
from engine.mlx.library import machine, mx
from engine.mlx.loading import Loaded
from engine.mlx.opening import load_model
from modes.training.endings import CannotTrain
from modes.training.targets import targeted

#: A sample may be as long as it likes where a model does not say how much it was trained on.
_UNKNOWN = 1 << 20
#: What takes less memory for the weights.
LIGHTER = "train in bf16 (--precision bf16), free memory, or take a smaller model"


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A loaded base. ``modules`` are the targeted ones: the path in the model by the GGUF's name."""

    loaded: Loaded
    modules: dict[str, str]
    wording: ModelWording
    context: int
    device: str

    def close(self) -> None:
        """Nothing is spelled any more."""
        self.loaded.vocabulary.close()


class ModelWording:
    """`modes.training.encoding.Wording` as the MLX engine spells a model."""

    def __init__(self, loaded: Loaded) -> None:
        self._words, self._template = loaded.vocabulary, loaded.template()
        self.bos, self.eos = self._words.bos, self._words.eos
        begin = self._words.tokenize("", special=True, parse=True)[:1]
        self.first = begin if self.bos and begin == self.tokens(self.bos) else []

    def rendered(self, turns: Sequence[Message], asking: bool) -> str:
        """See `Wording`; without thinking."""
        return self._template.plain(turns, asking)

    def tokens(self, text: str) -> list[int]:
        """See `Wording`."""
        return self._words.tokenize(text, special=False, parse=True)


def load_base(path: Path, targets: tuple[str, ...], precision: str) -> Base:
    """The MLX directory or GGUF at ``path``, ready to be adapted. Raises `CannotTrain`, `ModelUnusable`."""
    loaded = load_model(path, lambda _fraction: True)
    modules = {name: loaded.modules[name] for name in targeted(path.name, loaded.modules, targets)}
    _cast(loaded, precision)
    context = loaded.trained_context or _UNKNOWN
    return Base(loaded, modules, ModelWording(loaded), context, machine().device)


def _cast(loaded: Loaded, precision: str) -> None:
    """Take the numbers that are not packed in ``precision``; ``kept`` leaves them, but for float16.

    In float16 gradients vanish. Raises `CannotTrain` without room for it.
    """
    wanted = mx.bfloat16 if precision == "bf16" else mx.float32
    loose = [
        one for _, one in tree_flatten(loaded.model.parameters()) if mx.issubdtype(one.dtype, mx.floating)
    ]
    changed = [
        one for one in loose if one.dtype == mx.float16 or (precision != "kept" and one.dtype != wanted)
    ]
    more = sum(one.size * wanted.size - one.nbytes for one in changed)
    if more > (free := machine().free()):
        raise CannotTrain(
            f"{loaded.name} takes {more / 1e9:,.1f} GB more to train in {precision}, and {free / 1e9:,.1f} "
            f"are free: {LIGHTER}"
        )
    kinds = {one.dtype for one in changed}
    loaded.model.set_dtype(wanted, lambda dtype: dtype in kinds)
    mx.eval(loaded.model.parameters())
