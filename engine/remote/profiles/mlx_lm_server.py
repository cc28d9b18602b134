"""mlx_lm.server: a request names a folder with an adapter, and the model is loaded anew for each other one.

It heeds ``adapters`` only if the model is named too, by its full path.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from engine.contract import BadConstraint, Request, Sampling, Scales
from engine.remote.profiles.facts import Facts, Means, with_reason
from engine.remote.profiles.plain import Body, Plain
from engine.remote.shelf import Folder, Kept

#: What it calls the model that it was started with.
DEFAULT = "default_model"
_RELOADS = (
    "this server loads the model anew whenever the mode changes (seconds, or more for a large model): "
    "other conversations wait meanwhile"
)


class MlxLmServer(Plain):
    """Adapters lie in a folder that the server must be able to read."""

    def __init__(self, means: Means, facts: Facts) -> None:
        super().__init__(means, facts)
        self._folder: Folder | None = None
        if facts.prompt_only is None and not _full(facts.model):
            why = "the server does not tell the full path of its model: name it with server_model"
            self.facts = with_reason(facts, why)
        elif facts.prompt_only is None:
            self.facts = _noted(facts, _RELOADS)

    def install(self, kept: Kept) -> None:
        """Write it where the server will look. Raises `AdapterRefused`."""
        self._path(kept)

    def wear(self, scales: Scales) -> Body:
        kept = self.shelf.blended(scales)
        body: Body = {"model": self.facts.model}
        return body if kept is None else {**body, "adapters": str(self._path(kept))}

    def _path(self, kept: Kept, stay: bool = False) -> Path:
        if self._folder is None:
            self._folder = self.means.folder_for("mlx", kept.mode, self.facts.base)
        return self._folder.put(kept, stay).resolve()

    def push(self, kept: Kept) -> str:
        path = self._path(kept, stay=True)
        return (
            f"{kept.mode}: written to {path}; a request takes it with "
            f'"model": "{self.facts.model}", "adapters": "{path}", and each change loads the model anew'
        )

    def body(self, request: Request, seed: int) -> Body:
        """Without stop strings, which are looked for here: it swallows what only begins like one (0.32.2)."""
        body = super().body(request, seed)
        body.pop("stop", None)
        return body

    def most(self, request: Request) -> int | None:
        """Without a number it would stop at 512."""
        return request.max_tokens or self.facts.context or None

    def sampling(self, sampling: Sampling) -> Body:
        """A repetition penalty of 1 is none; it would be worked out all the same."""
        repeat = 0.0 if sampling.repeat_penalty == 1.0 else sampling.repeat_penalty
        found = super().sampling(sampling)
        del found["repeat_penalty"]
        return {
            **found,
            "repetition_penalty": repeat,
            "repetition_context_size": max(0, sampling.repeat_last_n),
        }

    def constraints(self, request: Request) -> Body:
        """It holds answers to no form, and would not say so."""
        if request.grammar is not None or request.json_schema is not None:
            raise BadConstraint(f"{self._who()} holds answers to no form: ask without a grammar or schema")
        return {}

    def close(self) -> None:
        if self._folder is not None:
            self._folder.clear()


def _full(model: str) -> bool:
    return model.startswith("/")


def context_of(model: str) -> int:
    """Tokens that the model in the folder ``model`` was trained on; 0 where it cannot be read from here."""
    try:
        config = json.loads((Path(model) / "config.json").read_text())
        return int(config.get("max_position_embeddings") or 0)
    except (OSError, ValueError, AttributeError, TypeError):
        return 0


def _noted(facts: Facts, note: str) -> Facts:
    return replace(facts, notes=(*facts.notes, note))
