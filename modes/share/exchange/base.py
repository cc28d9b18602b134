"""What has to be known of a base model to read or write adapters for it: names, shapes, heads.

GGUF calls a weight ``blk.3.ffn_down.weight`` where Hugging Face and MLX have
``model.layers.3.mlp.down_proj``, and keeps the rows of llama's queries and keys in another order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.header import header_of
from engine.projections import PROJECTIONS
from modes.share.change import Adapter, BadAdapter, Change
from modes.share.exchange.rows import turned, turns
from modes.share.folder import SENSES, projections

_GGUF = {theirs: ours for ours, theirs in PROJECTIONS.items()}


@dataclass(frozen=True, slots=True)
class BaseModel:
    """``shapes`` (n, d) by tensor name as in GGUF; ``heads`` and ``kv_heads`` of the attention, 0: not known.

    ``folder``: it is an MLX directory, whose rows are in the order that Hugging Face's weights have.
    """

    architecture: str
    shapes: Mapping[str, tuple[int, int]]
    heads: int
    kv_heads: int
    folder: bool = False

    @classmethod
    def of(cls, path: Path) -> BaseModel:
        """What a GGUF file or an MLX directory says of itself. Raises `BadAdapter` if it cannot be read."""
        if path.is_dir():
            return cls._of_folder(path)
        try:
            header = header_of(path)
        except (OSError, ValueError) as error:
            raise BadAdapter(f"{path} cannot be read as a GGUF model ({error})") from error
        architecture = header.architecture or ""
        heads = header.numbers.get(f"{architecture}.attention.head_count", 0)
        shapes = {
            one.name: (one.shape[1], one.shape[0])
            for one in header.tensors
            if len(one.shape) == 2 and re.fullmatch(r"blk\.\d+\.\w+\.weight", one.name)
        }
        kv_heads = header.numbers.get(f"{architecture}.attention.head_count_kv")
        return cls(
            architecture, shapes, heads, _like_queries(shapes, heads) if kv_heads is None else kv_heads
        )

    @classmethod
    def _of_folder(cls, path: Path) -> BaseModel:
        try:
            shapes = {name: weight.shape for name, weight in projections(path).items()}
            architecture = str(json.loads((path / "config.json").read_text()).get("model_type", ""))
        except (OSError, ValueError) as error:
            raise BadAdapter(f"{path} cannot be read as an MLX directory ({error})") from error
        if not shapes:
            raise BadAdapter(
                f"{path} has no projections of attention or feed-forward layers that are read here"
            )
        return cls(architecture, shapes, 0, 0, folder=True)

    def checked(self, adapter: Adapter) -> Adapter:
        """``adapter``, every module of which is one of the base's. Raises `BadAdapter`."""
        if not adapter:
            raise BadAdapter("the adapter changes no module")
        for name, change in adapter.items():
            if name not in self.shapes:
                raise BadAdapter(f"{name}: the base has no such module")
            if change.shape != self.shapes[name]:
                n, d = self.shapes[name]
                raise BadAdapter(
                    f"{name}: the adapter is for a weight of {change.shape[0]} × {change.shape[1]}, "
                    f"the base has {n} × {d}"
                )
        return adapter

    def from_layers(self, adapter: Mapping[str, Change]) -> Adapter:
        """An adapter by Hugging Face's names as one by ours. Raises `BadAdapter`."""
        ours: dict[str, Change] = {}
        for name, change in adapter.items():
            if (found := self._ours(name)) in ours:
                raise BadAdapter(f"{found} is changed twice, once as {name}: leave one of them out")
            ours[found] = change
        return {name: self._turned(name, one, True) for name, one in self.checked(ours).items()}

    def to_layers(self, adapter: Adapter) -> dict[str, Change]:
        """The other way round."""
        return {
            self.layer_name(name): self._turned(name, one, False)
            for name, one in self.checked(adapter).items()
        }

    def _ours(self, name: str) -> str:
        found = re.fullmatch(r"(?:.*\.)?layers\.(\d+)\.(.+)", name)
        if found is None or found[2] not in _GGUF or any(sense in name for sense in SENSES):
            raise BadAdapter(f"{name}: only the projections of attention and feed-forward layers can be read")
        return f"blk.{found[1]}.{_GGUF[found[2]]}.weight"

    def layer_name(self, name: str) -> str:
        """What Hugging Face calls the module that GGUF calls ``name``.

        Raises `BadAdapter` where there is none, or where it is not known how its rows are ordered there.
        """
        found = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
        if found is None or found[2] not in PROJECTIONS:
            raise BadAdapter(f"{name}: has no name in Hugging Face's models of this kind")
        self._turns(name)
        return f"model.layers.{found[1]}.{PROJECTIONS[found[2]]}"

    def _turns(self, name: str) -> bool:
        if self.folder or name.split(".")[2] not in ("attn_q", "attn_k"):
            return False
        try:
            return turns(self.architecture)
        except BadAdapter as error:
            raise BadAdapter(f"{name}: {error}") from error

    def _turned(self, name: str, change: Change, to_gguf: bool) -> Change:
        if not self._turns(name):
            return change
        heads = self.heads if "attn_q" in name else self.kv_heads
        try:
            return Change(turned(change.left, heads, to_gguf), change.right)
        except BadAdapter as error:
            raise BadAdapter(f"{name}: {error}") from error


def _like_queries(shapes: Mapping[str, tuple[int, int]], heads: int) -> int:
    """As many heads for keys as for queries, if they have as many rows; not known (0) otherwise."""
    rows = {
        kind: {n for name, (n, _) in shapes.items() if f".{kind}." in name} for kind in ("attn_q", "attn_k")
    }
    return heads if len(rows["attn_q"] | rows["attn_k"]) == 1 else 0
