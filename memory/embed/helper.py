"""The helper process of a local embedder: started, asked, and ended. It must not know what texts are for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from memory.contract import EmbedderUnavailable, FloatArray

_WORKER = Path(__file__).with_name("worker.py")


class HelperDied(Exception):
    """The process has ended before it answered."""


class Helper:
    """One run of `memory.embed.worker`. Asked by one thread at a time; `end` may come from any.

    Making it starts the process and does not wait for the model.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        quiet = {
            **{"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
            **{"TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": str(threads)},
            "PYTHONIOENCODING": "utf-8",
        }
        try:
            # -P: nothing in the worker's own folder may stand in for a library. A session of its own: the
            # terminal's Ctrl-C and hang-up are not for it, the end of its input is.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER), str(folder), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **quiet},
                start_new_session=True,
            )
        except OSError as trouble:
            raise EmbedderUnavailable(f"no process for embeddings can be started: {trouble}") from None
        self._dim: int | None = None

    @property
    def pid(self) -> int:
        """Its number among the system's processes."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """It has not ended yet."""
        return self._process.poll() is None

    def dim(self) -> int:
        """The length of its vectors; waits until the model is loaded."""
        if self._dim is None:
            self._dim = int(self._reply()["dim"])
        return self._dim

    def embed(self, texts: Sequence[str], query: bool) -> FloatArray:
        """``(len(texts), dim)`` float32. Raises `HelperDied`, and `EmbedderUnavailable` if it refuses."""
        dim = self.dim()
        assert self._process.stdin is not None and self._process.stdout is not None
        request = json.dumps({"texts": list(texts), "query": query}).encode() + b"\n"
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise HelperDied from None
        size = int(self._reply()["rows"]) * dim * 4
        raw = self._read(size)
        if len(raw) < size:
            raise HelperDied
        return np.frombuffer(raw, dtype=np.float32).reshape(-1, dim)

    def end(self) -> None:
        """End it now; who waits for an answer gets `HelperDied`."""
        if self.alive:
            self._process.kill()
        self._process.wait()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except (OSError, ValueError):
            raise HelperDied from None
        if not line.endswith(b"\n"):
            raise HelperDied
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise EmbedderUnavailable(f"the embedding model cannot be used: {reply['error']}")
        return reply

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        try:
            return self._process.stdout.read(size)
        except (OSError, ValueError):
            raise HelperDied from None
