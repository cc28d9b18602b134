"""The base as torch has it: the weights of a GGUF, dequantised, so that they are those that will run."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, cast

# Idle threads that spin starve every other process on the machine; read once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
# A local file is all that is asked for; this keeps it so.
os.environ["HF_HUB_OFFLINE"] = "1"

import psutil
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.header import header_of
from engine.projections import PROJECTIONS
from modes.share.exchange.base import BaseModel
from modes.training.attention import Rows, takes_rows, use_rows
from modes.training.encoding import Batch, wanted_of
from modes.training.endings import CannotTrain
from modes.training.packing import Packed
from modes.training.plan import Plan
from modes.training.targets import targeted

#: Bytes that training takes for every byte of weights, roughly: reading them doubles it for a moment.
_ROOM = 2.5
#: The same on a GPU, which gets them when they have been read.
_ROOM_ON_DEVICE = 1.2
#: Layers that see what a mask shows them.
_ATTENTION = {"full_attention", "sliding_attention"}
_DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
#: What a processor is called to have that multiplies bf16 itself. The first was measured, the second was not.
_MULTIPLIES_BF16 = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True)
class Base:
    """A loaded base. ``names`` are the targeted modules: the name in the model by the GGUF's."""

    model: Any
    tokenizer: Any
    names: dict[str, str]
    context: int
    device: torch.device

    def packs(self, longest: int) -> bool:
        """Whether samples of up to ``longest`` tokens can be read as `Packed`.

        That takes positions that can be told it, and layers that see whatever they are shown.
        """
        config = self.model.config
        window = getattr(config, "sliding_window", None)
        return (
            getattr(config, "rope_parameters", None) is not None
            and not getattr(config, "alibi", False)
            and set(getattr(config, "layer_types", None) or ()) <= _ATTENTION
            and (window is None or longest <= window)
        )

    def losses(self, batch: Batch | Packed) -> tuple[Tensor, int]:
        """Sum of the cross entropies (nats) of what the batch has to learn, and of how many tokens.

        The head is computed for those alone: with a large vocabulary it is most of the work otherwise. Rows
        that share a beginning are for `Packed`: a `Batch` has it in every row.
        """
        if isinstance(batch, Packed):
            hidden, wanted = self._of_packed(batch)[self._here(batch.read)], batch.wanted
        else:
            places, wanted = wanted_of(batch)
            hidden = self._of_rows(batch)[:, :-1][self._here(places)]
        logits = self._head(hidden).float()
        return nn.functional.cross_entropy(logits, self._here(wanted), reduction="sum"), len(wanted)

    def _of_rows(self, batch: Batch) -> Tensor:
        tokens, mask = self._here(batch.tokens), self._here(batch.mask)
        return self._body(input_ids=tokens, attention_mask=mask)

    def _of_packed(self, batch: Packed) -> Tensor:
        tokens, positions = self._here(batch.tokens), self._here(batch.positions)
        visible, dtype = self._here(batch.visible), self.model.dtype
        hidden = torch.full(visible.shape, torch.finfo(dtype).min, dtype=dtype, device=self.device)
        mask = hidden.masked_fill(visible, 0.0)[None, None]
        told: dict[str, Tensor | Rows] = {"position_ids": positions[None], "attention_mask": mask}
        if batch.sparse and takes_rows(self.model):
            told["rows"] = Rows(batch.common, self._here(batch.own), self._here(batch.back))
        return self._body(input_ids=tokens[None], **told)[0]

    def _body(self, **named: Tensor | Rows) -> Tensor:
        """Hidden states (rows × tokens × width)."""
        return cast(Tensor, self.model.get_decoder()(**named, use_cache=False).last_hidden_state)

    def _here(self, numbers: NDArray[Any]) -> Tensor:
        return torch.from_numpy(numbers).to(self.device)

    def _head(self, hidden: Tensor) -> Tensor:
        logits = cast(Tensor, self.model.get_output_embeddings()(hidden))
        cap = getattr(self.model.config, "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)


def fitted(plan: Plan) -> Plan:
    """``plan`` with a precision in the place of ``fit``: bf16 where it is multiplied as such, else f32.

    What is learned is the same but for rounding (docs/performance.md).
    """
    if plan.precision != "fit":
        return plan
    if torch.cuda.is_available():
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = torch.cpu.get_capabilities()
        native = any(able.get(name, False) for name in _MULTIPLIES_BF16)
    return replace(plan, precision="bf16" if native else "f32")


def load_base(path: Path, targets: tuple[str, ...], precision: str, checkpointing: bool = False) -> Base:
    """The GGUF at ``path``, ready to be adapted. Raises `CannotTrain`."""
    about = BaseModel.of(path)
    known = [name for name in about.shapes if name.split(".")[2] in PROJECTIONS]
    names = {name: about.layer_name(name) for name in targeted(path.name, known, targets)}
    _check_memory(path, precision)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    quiet: Any = transformers.utils.logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    at: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True}
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar that cannot be had without
            tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, **at)
            model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                path.parent, dtype=_DTYPES[precision], **at
            )
    except (ValueError, OSError, KeyError, NotImplementedError) as error:
        raise CannotTrain(
            f"{path.name} cannot be read for training ({_first_line(error)}): "
            "transformers has to know its architecture as a GGUF"
        ) from error
    _check_device(path, device, precision)
    model.to(device)
    use_rows(model)
    if checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return Base(model, tokenizer, names, int(model.config.max_position_embeddings), device)


def _check_memory(path: Path, precision: str) -> None:
    _check_room(path, precision, _ROOM, psutil.virtual_memory().available, "are free")


def _check_device(path: Path, device: torch.device, precision: str) -> None:
    """The weights, and something for what is computed with them, have to fit on a GPU too."""
    if device.type == "cuda":
        free, _total = torch.cuda.mem_get_info(device)
        _check_room(path, precision, _ROOM_ON_DEVICE, free, "are free on the GPU")


def _check_room(path: Path, precision: str, room: float, free: int, where: str) -> None:
    """Raises `CannotTrain` where ``room`` bytes for every byte of all weights are more than are ``free``."""
    count = sum(prod(tensor.shape) for tensor in header_of(path).tensors)
    needed = int(room * _DTYPES[precision].itemsize * count)
    if needed > free:
        raise CannotTrain(
            f"{path.name} takes about {needed / 1e9:,.1f} GB to train in {precision}, and {free / 1e9:,.1f} "
            f"{where}: {lighter_base(precision)}"
        )


def lighter_base(precision: str) -> str:
    """What takes less memory for weights in ``precision``."""
    lower = "train in bf16 (--precision bf16), " if precision == "f32" else ""
    return f"{lower}free memory, or take a larger machine"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
