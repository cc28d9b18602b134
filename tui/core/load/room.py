"""Which context a load is opened with on this machine, before a model is loaded: what fits, and why no more.

The arithmetic is `engine.plan`'s. It must not know what is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import psutil

from engine.plan.fit import longest_context
from engine.plan.model import read
from engine.plan.need import BLOCK, Settings, context_bytes
from engine.plan.shape import Unplannable
from tui.core.config import Config
from tui.core.engines import chosen_engine
from tui.core.load.prompts import SPARE
from tui.core.load.spec import Wanted
from tui.core.models import chosen_model

#: Tokens of a context where no depth is asked for: questions, modes' prompts and answers are short.
_SHALLOW = 2048
#: Share of the free memory that may be claimed.
_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Room:
    """``context`` tokens for each of ``slots``, None leaving it to the engine; ``why`` it is not more."""

    context: int | None
    slots: int | None
    why: str = ""


def room_for(config: Config, wanted: Wanted, tokens: int) -> Room:
    """What to open for answers of ``tokens``. A server is as it is.

    Raises `ConfigError`, `ModelUnusable`.
    """
    name = chosen_engine(config)
    if name == "remote":
        return Room(config.context, config.slots)
    if config.context is not None:
        return Room(config.context, wanted.most, f"a context of {config.context:,} tokens was asked for")
    wish = _blocks((wanted.depth or 0) + tokens + SPARE) if wanted.depth else _SHALLOW
    try:
        planned = read(chosen_model(config))
    except Unplannable:
        return Room(None if wanted.depth else wish, wanted.most, "its memory cannot be planned")
    shape = planned.shape
    trained = min(wish, shape.trained or wish)
    why = f"the model was trained on {shape.trained:,} tokens" if trained < wish else ""
    free = int(_free(name, config.gpu_layers) * _SHARE) - planned.weights
    run = Settings(0, wanted.most, batch=config.batch or 512, flash=config.kv != "f16", kv=config.kv)
    fitting = longest_context(partial(context_bytes, shape), run, max(0, free), _blocks(trained))
    if fitting < trained:
        why = f"{wanted.most} at once fit {_share()} of the memory that is free with {fitting:,} tokens each"
    return Room(max(BLOCK, min(trained, fitting)), wanted.most, why)


def _share() -> str:
    return f"{100 * _SHARE:.0f} %"


def _blocks(tokens: int) -> int:
    return -(-tokens // BLOCK) * BLOCK


def _free(engine: str, gpu_layers: int | None) -> int:
    """Bytes free where K and V will live."""
    if engine == "llama":
        from engine.llama.memory import free_memory

        return free_memory(gpu_layers)
    return int(psutil.virtual_memory().available)
