"""The adapters that a vLLM holds: loaded when first worn, unloaded once they are replaced or idle."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.contract import AdapterRefused, EngineError
from engine.remote.profiles.facts import Means
from engine.remote.refusals import Reply, refusal, said
from engine.remote.shelf import Folder, Kept

#: Adapters of ours that stay loaded although nobody wears them.
_IDLE = 4
#: Seconds for a server that is busy to load one.
_LOADING = 120.0


@dataclass(slots=True)
class _Loaded:
    """``kept`` is None for one that was there before us, until we wear it."""

    kept: Kept | None
    ours: bool
    uses: int = 0
    turn: int = 0
    retired: bool = False


class VllmAdapters:
    """By label. From any thread."""

    def __init__(self, means: Means, base: Path | None, served: Sequence[str]) -> None:
        self._wire, self._base = means.wire, base
        self._means = means
        self._folder: Folder | None = None
        self._loaded = {name: _Loaded(None, ours=False) for name in served}
        self._lock = threading.RLock()
        self._turn = 0

    def load(self, kept: Kept, ours: bool = True) -> None:
        """Load it unless it is there; what is not ``ours`` stays after us. Raises `AdapterRefused`."""
        with self._lock:
            if kept.label in self._loaded:
                one = self._loaded[kept.label]
                one.kept, one.ours, one.retired = one.kept or kept, one.ours and ours, False
                return
            self._send(kept, ours)
            self._turn += 1
            self._loaded[kept.label] = _Loaded(kept, ours, turn=self._turn)
            self._sweep(sparing=kept.label)

    def take(self, kept: Kept) -> str:
        """The name of the model that answers with ``kept``, until it is released."""
        with self._lock:
            self.load(kept)
            self._turn += 1
            one = self._loaded[kept.label]
            one.uses, one.turn, one.retired = one.uses + 1, self._turn, False
            return kept.label

    def release(self, label: str) -> None:
        """An answer with it is over; of what is no adapter nothing is done."""
        with self._lock:
            if label in self._loaded:
                self._loaded[label].uses -= 1
                self._sweep()

    def retire(self, mode: str, by: Kept | None = None) -> None:
        """Unload what was made of ``mode``, except ``by``, once no answer wears it."""
        with self._lock:
            for label, one in self._loaded.items():
                replaced = by is None or label != by.label
                if one.kept is not None and replaced and mode in one.kept.mode.split("+"):
                    one.retired = True
            self._sweep()

    def bring_again(self, label: str) -> bool:
        """Load what the server has lost, or another program took away: it is ours then, whoever brought it
        before. False for what we never wore, or what was refused.
        """
        with self._lock:
            one = self._loaded.get(label)
            if one is None or one.kept is None:
                return False
            try:
                self._send(one.kept, ours=True)
            except EngineError:
                return False
            one.ours = True
            return True

    def close(self) -> None:
        """Unload what is ours, and remove its files."""
        with self._lock:
            with contextlib.suppress(EngineError):  # one that has gone is asked once, and not for each
                for label in [label for label, one in self._loaded.items() if one.ours]:
                    self._unload(label)
            if self._folder is not None:
                self._folder.clear()

    def _sweep(self, sparing: str = "") -> None:
        idle = [
            label for label, one in self._loaded.items() if one.ours and one.uses <= 0 and label != sparing
        ]
        idle.sort(key=lambda label: self._loaded[label].turn)
        surplus = idle[: max(0, len(idle) - _IDLE)]
        for label in idle:
            if self._loaded[label].retired or label in surplus:
                with contextlib.suppress(EngineError):  # a server that has gone has unloaded it
                    self._unload(label)

    def _unload(self, label: str) -> None:
        del self._loaded[label]
        self._wire.ask("POST", f"{self._wire.address.api}/unload_lora_adapter", {"lora_name": label})

    def _send(self, kept: Kept, ours: bool) -> None:
        if self._folder is None:
            self._folder = self._means.folder_for("peft", kept.mode, self._base)
        path = self._folder.put(kept, stay=not ours).resolve()
        body = {"lora_name": kept.label, "lora_path": str(path)}
        reply = self._wire.ask("POST", f"{self._wire.address.api}/load_lora_adapter", body, seconds=_LOADING)
        if not reply.good and "already been loaded" not in said(reply.data, reply.text):
            raise _refused(kept, str(path), reply, self._wire.address.shown)


def _refused(kept: Kept, path: str, reply: Reply, where: str) -> AdapterRefused:
    words = said(reply.data, reply.text)
    if "rank" in words.lower():
        remedy = "start it with a larger --max-lora-rank"
    elif reply.status == 403 or (reply.status == 404 and words in ("", "Not Found")):
        remedy = "it loads none for us: whoever runs it can bring it with tui modes push"
    elif reply.status == 404 or "exist" in words or "such file" in words:
        remedy = f"it must be able to read {path}: share that folder with it, and name it with server_folder"
    else:
        remedy = "see its own log"
    return AdapterRefused(f"{kept.mode} cannot be installed; {refusal(reply, where)} ({remedy})")
