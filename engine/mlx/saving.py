"""What was read, kept on disk between runs: one safetensors file an entry, in mlx-lm's own form."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from mlx_lm.models.cache import load_prompt_cache, save_prompt_cache

from engine.mlx.store import Kept, PromptStore

_SUFFIX = ".safetensors"


def save(store: PromptStore, folder: Path, base: str) -> None:
    """Write every entry into ``folder``, in place of what is there. What cannot be written is left out."""
    with contextlib.suppress(OSError, RuntimeError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.glob(f"*{_SUFFIX}"):
            old.unlink()
        for at, entry in enumerate(store.entries()):
            about = {"base": base, "key": json.dumps(entry.key), "tokens": json.dumps(entry.tokens)}
            file = folder / f"{at:04d}{_SUFFIX}"
            file.touch(mode=0o600)
            save_prompt_cache(str(file), entry.layers, about)


def load(store: PromptStore, folder: Path, base: str) -> None:
    """Bring back what `save` wrote for this base; anything else in ``folder`` is passed over."""
    for entry in _entries(folder, base):
        store.put(entry)


def _entries(folder: Path, base: str) -> Iterator[Kept]:
    for file in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            layers, about = load_prompt_cache(str(file), return_metadata=True)
            key = tuple((str(digest), float(scale)) for digest, scale in json.loads(about["key"]))
            entry = Kept(key, [int(token) for token in json.loads(about["tokens"])], layers)
            ours = about["base"] == base
        except (OSError, RuntimeError, ValueError, KeyError, TypeError):
            continue
        if ours:
            yield entry
