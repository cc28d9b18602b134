"""The two files of an adapter's folder: a config in JSON and factors in safetensors.

It must not know what they mean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from modes.share.change import BadAdapter, Matrix
from modes.share.folder import decoded


def read_files(folder: Path, config: str, tensors: str) -> tuple[dict[str, Any], dict[str, Matrix]]:
    """The JSON object and the tensors, in float64, in the files of ``folder``. Raises `BadAdapter`."""
    try:
        said = json.loads((folder / config).read_text("utf-8"))
        kept = deserialize((folder / tensors).read_bytes())
    except FileNotFoundError as error:
        raise BadAdapter(f"{folder}: there is no {Path(error.filename or tensors).name} in it") from error
    except (OSError, ValueError, SafetensorError) as error:
        raise BadAdapter(f"{folder} cannot be read ({error})") from error
    return said, {name: _matrix(folder / tensors, name, about) for name, about in kept}


def _matrix(file: Path, name: str, about: dict[str, Any]) -> NDArray[np.float64]:
    try:
        numbers = decoded(np.frombuffer(about["data"], np.uint8), about["dtype"])
    except ValueError as error:
        raise BadAdapter(f"{file}: {name} is {error}: save it as float32, float16 or bfloat16") from error
    return numbers.reshape(about["shape"])
