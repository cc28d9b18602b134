"""Real servers of other people, each in a process of its own on a port that is free."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

_RUN = Path(__file__).with_name("run_llama_server.py")
#: Seconds in which a server has to be there.
_PATIENCE = 120.0


@contextmanager
def llama_server(model: Path, *adapters: Path) -> Iterator[str]:
    """The address of a llama-server that has loaded ``model``, with ``adapters`` at scale 1."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("there is no xllamacpp, which brings llama-server")
    port = _free()
    with _running(f"http://127.0.0.1:{port}", str(_RUN), str(model), str(port), *map(str, adapters)) as url:
        yield url


@contextmanager
def mlx_server(folder: Path) -> Iterator[str]:
    """The address of an mlx_lm.server on the model in ``folder``."""
    if importlib.util.find_spec("mlx_lm") is None:
        pytest.skip("there is no mlx-lm")
    port = _free()
    command = ("-m", "mlx_lm", "server", "--model", str(folder), "--port", str(port))
    with _running(f"http://127.0.0.1:{port}", *command) as url:
        yield url


@contextmanager
def _running(url: str, *arguments: str) -> Iterator[str]:
    log = subprocess.DEVNULL
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    server = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=log, stderr=log)
    try:
        _wait_for(url, server)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError("the server does not come up")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
