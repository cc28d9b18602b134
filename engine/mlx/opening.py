"""Opening a model, on the engine's thread: what was loaded, what fits the memory, what works on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.contract import ModelInfo, ModelUnusable, Progress
from engine.llama.template import ChatTemplate
from engine.mlx.conditioned import Conditioned
from engine.mlx.folder_model import load_folder
from engine.mlx.gguf_model import load_gguf
from engine.mlx.library import Machine, machine, mx
from engine.mlx.loading import Loaded
from engine.mlx.memory import Room, choose_room, packing_group
from engine.mlx.modes import ModeShelf
from engine.mlx.rows import BatchRows, Rows
from engine.mlx.scheduler import Desk
from engine.mlx.scoring import Reader
from engine.mlx.share import Selection, Wrapping
from engine.mlx.single import SingleRow
from engine.mlx.store import PromptStore
from engine.mlx.vocabulary import Vocabulary

#: Tokens of a prompt that are read in one step, at most.
BATCH = 512


@dataclass(frozen=True, slots=True)
class MlxOptions:
    """What may be forced; None leaves the choice to the engine.

    ``context`` is tokens for each of ``slots`` answers at once; ``cache`` bytes of memory for what was read.
    ``kv_bits`` keeps K and V packed, for one answer at a time. ``memo`` is a file where facts about models
    are remembered, ``kept`` a folder where what was read is kept between runs.
    """

    context: int | None = None
    memo: Path | None = None
    slots: int | None = None
    cache: int | None = None
    batch: int | None = None
    kv_bits: int | None = None
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A model ready for work."""

    vocabulary: Vocabulary
    template: ChatTemplate
    shelf: ModeShelf
    selection: Selection
    store: PromptStore
    reader: Reader
    desk: Desk
    info: ModelInfo


def load_model(path: Path, on_progress: Progress) -> Loaded:
    """A GGUF or an MLX directory, and nothing beside it yet. Raises `ModelUnusable`, `LoadCancelled`."""
    if not path.exists():
        raise ModelUnusable(
            f"no model at {path}: name a GGUF file or an MLX directory with --model, MODESHARE_MODEL or "
            "config.toml"
        )
    machine().hold_resident()
    return (load_folder if path.is_dir() else load_gguf)(path, on_progress)


def open_model(path: Path, options: MlxOptions, on_progress: Progress) -> Opened:
    """Load a GGUF or an MLX directory. Raises `ModelUnusable`, `LoadCancelled`."""
    loaded = load_model(path, on_progress)
    try:
        return _opened(loaded, options, machine())
    except BaseException:
        loaded.vocabulary.close()
        raise


def _opened(loaded: Loaded, options: MlxOptions, here: Machine) -> Opened:
    wrapping = Wrapping(loaded.model, loaded.modules)
    model = Conditioned(loaded.model, wrapping.selection)
    room = choose_room(
        model,
        loaded.trained_context,
        here,
        context=options.context,
        slots=1 if options.kv_bits else options.slots,
        cache=options.cache,
    )
    template = loaded.template()
    shelf, store = ModeShelf(loaded.name, wrapping, here.free), PromptStore(room.cache)
    batch = options.batch or BATCH
    return Opened(
        vocabulary=loaded.vocabulary,
        template=template,
        shelf=shelf,
        selection=wrapping.selection,
        store=store,
        reader=Reader(model, store, room.context, batch, room.slots),
        desk=Desk(_rows(model, options, room), store, shelf.mix, batch, room.per_token, here.free),
        info=_described(loaded, template, room, here, batch),
    )


def _rows(model: Conditioned, options: MlxOptions, room: Room) -> Rows:
    if options.kv_bits is None:
        return BatchRows(model, room.slots)
    return SingleRow(model, options.kv_bits, packing_group(model, options.kv_bits))


def _described(loaded: Loaded, template: ChatTemplate, room: Room, here: Machine, batch: int) -> ModelInfo:
    notes = [template.note] if template.note else []
    if 0 < loaded.trained_context < room.context:
        notes.append(
            f"the context of {room.context:,} tokens is longer than the "
            f"{loaded.trained_context:,} the model was trained on: expect nonsense beyond that"
        )
    return ModelInfo(
        name=loaded.name,
        architecture=loaded.architecture,
        path=loaded.path,
        size=loaded.size,
        parameters=loaded.parameters,
        context=room.context,
        trained_context=loaded.trained_context,
        device=here.device,
        thinks=template.thinks,
        slots=room.slots,
        notes=(*notes, *loaded.notes),
        tuning=(f"MLX {mx.__version__}, prompts in pieces of up to {batch} tokens: not measured",),
    )
