"""A model brought into MLX: what both ways of loading it come to, and reading its weights layer by layer.

It must not know modes: `engine.mlx.share` wraps what is here by `Loaded.modules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract import LoadCancelled, ModelUnusable, Progress
from engine.llama.template import ChatTemplate
from engine.mlx.library import mx
from engine.mlx.vocabulary import Vocabulary

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, evaluated. ``modules`` is the path of every projection by its tensor name in a GGUF.

    ``size`` is bytes of the tensors as they are in the file.
    """

    model: Any
    vocabulary: Vocabulary
    path: Path
    architecture: str
    modules: Mapping[str, str]
    size: int
    parameters: int
    trained_context: int
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's or the directory's."""
        return self.path.name if self.path.is_dir() else self.path.stem

    def template(self) -> ChatTemplate:
        """How the model wants to be spoken to."""
        words = self.vocabulary
        return ChatTemplate(words.template, bos=words.bos, eos=words.eos)


def check_room(path: Path, needed: int, free: int) -> None:
    """Raises `ModelUnusable` for weights that would not fit beside what runs already."""
    if needed > free:
        raise ModelUnusable(
            f"{path.name} needs {needed / _GIB:,.1f} GiB for its weights and {free / _GIB:,.1f} GiB are "
            "free: close other programs, or use a smaller model"
        )


def evaluate(path: Path, model: Any, on_progress: Progress) -> None:
    """Read the weights into memory, a layer at a time. Raises `LoadCancelled`."""
    layers = list(model.layers)
    model.eval()
    for at, layer in enumerate(layers):
        if not on_progress(at / (len(layers) + 1)):
            raise LoadCancelled(f"loading {path.name} was given up")
        mx.eval(layer.parameters())
    mx.eval(model.parameters())
    if not on_progress(1.0):
        raise LoadCancelled(f"loading {path.name} was given up")
