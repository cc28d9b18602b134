"""Real servers of other people, each in a process of its own on a port that is free."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

_RUN = Path(__file__).with_name("run_llama_server.py")
#: Seconds in which a server has to be there; vLLM takes a minute when nothing else runs.
_PATIENCE, _VLLM_PATIENCE = 120.0, 900.0
_VLLM = {
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "VLLM_NO_USAGE_STATS": "1",
}


@contextmanager
def llama_server(model: Path, *adapters: Path, slots: int = 2) -> Iterator[str]:
    """The address of a llama-server that has loaded ``model``, with ``adapters`` at scale 1."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("there is no xllamacpp, which brings llama-server")
    port = _free()
    command = (sys.executable, str(_RUN), str(model), str(port), str(slots), *map(str, adapters))
    with _running(f"http://127.0.0.1:{port}", *command) as url:
        yield url


@contextmanager
def mlx_server(folder: Path) -> Iterator[str]:
    """The address of an mlx_lm.server on the model in ``folder``."""
    if importlib.util.find_spec("mlx_lm") is None:
        pytest.skip("there is no mlx-lm")
    port = _free()
    command = (sys.executable, "-m", "mlx_lm", "server", "--model", str(folder), "--port", str(port))
    with _running(f"http://127.0.0.1:{port}", *command) as url:
        yield url


@contextmanager
def vllm_server(python: Path, folder: Path) -> Iterator[str]:
    """The address of a vLLM in ``python``'s environment, in float32.

    It has room for more adapters than are ever loaded: on a processor, vLLM 0.32.0 computes an answer of the
    base with the adapter in its last place, if there is one, when an answer with an adapter is beside it.
    ``folder`` has the model under the names of Hugging Face, as `write_mlx_folder` makes it.
    """
    port = str(_free())
    command = (str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder))
    where = ("--served-model-name", "starter", "--host", "127.0.0.1", "--port", port)
    adapters = ("--enable-lora", "--max-loras", "8", "--max-lora-rank", "64")
    size = ("--enforce-eager", "--dtype", "float32", "--max-model-len", "2048")
    started = _running(
        f"http://127.0.0.1:{port}", *command, *where, *adapters, *size, more=_VLLM, patience=_VLLM_PATIENCE
    )
    with started as url:
        yield url


@contextmanager
def _running(
    url: str, *command: str, more: Mapping[str, str] | None = None, patience: float = _PATIENCE
) -> Iterator[str]:
    log = subprocess.DEVNULL
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **(more or {})}
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(url, server, patience)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], patience: float) -> None:
    until = time.monotonic() + patience
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < until:
            assert server.poll() is None, f"the server ended with {server.returncode}"
            with contextlib.suppress(httpx.HTTPError):
                if client.get(f"{url}/health").status_code == 200:
                    return
            time.sleep(0.2)
    raise AssertionError("the server does not come up")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
