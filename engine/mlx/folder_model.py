"""An MLX directory (config, safetensors, tokenizer) as mlx-lm loads it. Nothing is fetched or executed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
from mlx.utils import tree_flatten
from mlx_lm.utils import load_model, load_tokenizer

from engine.contract import EngineError, ModelUnusable, Progress
from engine.folder import weight_files
from engine.mlx.library import machine
from engine.mlx.loading import Loaded, check_room, evaluate
from engine.mlx.vocabulary import HubVocabulary


def load_folder(path: Path, on_progress: Progress) -> Loaded:
    """The model in ``path``. Raises `ModelUnusable`, `LoadCancelled`."""
    files = weight_files(path)
    if not (path / "config.json").is_file() or not files:
        raise ModelUnusable(
            f"{path} is no MLX model: there is no config.json with model*.safetensors in it; "
            "name a GGUF file, or a directory that mlx_lm.convert has written"
        )
    check_room(path, sum(file.stat().st_size for file in files), machine().free())
    try:
        model, config = load_model(path, lazy=True)
        tokenizer = load_tokenizer(path, eos_token_ids=config.get("eos_token_id"))
        evaluate(path, model, on_progress)
    except EngineError:
        raise
    except Exception as error:  # whatever a foreign directory makes mlx-lm stumble over
        raise ModelUnusable(f"{path} cannot be loaded by mlx-lm ({error}): use another model") from error
    weights = dict(tree_flatten(model.parameters()))
    text = config.get("text_config") or config
    return Loaded(
        model=model,
        vocabulary=HubVocabulary(tokenizer, int(text.get("vocab_size") or len(tokenizer))),
        path=path,
        architecture=str(config["model_type"]),
        modules=dict(_projections(model, str(config["model_type"]))),
        size=sum(value.nbytes for value in weights.values()),
        parameters=_parameters(model),
        trained_context=int(text.get("max_position_embeddings") or 0),
    )


def _projections(model: Any, architecture: str) -> Iterator[tuple[str, str]]:
    """Tensor names of a GGUF of the architecture, as gguf's own table has them, with the modules' paths."""
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    kind = kinds.get(architecture.replace("_", ""), gguf.MODEL_ARCH.LLAMA)
    table = gguf.get_tensor_name_map(kind, len(model.layers))
    for path, module in model.named_modules():
        name = table.get_name(path.removeprefix("language_model."))
        if name is not None and name.startswith("blk.") and "weight" in module and module.weight.ndim > 1:
            yield f"{name}.weight", path


def _parameters(model: Any) -> int:
    """Weights, not the words that they are packed into."""
    count = 0
    for _path, module in model.named_modules():
        own = [value for value in module.values() if hasattr(value, "size") and hasattr(value, "dtype")]
        if hasattr(module, "bits") and "scales" in module:
            count += module.weight.size * 32 // module.bits
        else:
            count += sum(value.size for value in own)
    return count
