"""The llama.cpp library as one quiet import: its log kept in memory, its devices listed.

The only module that decides what llama.cpp may print: nothing. The last warnings and errors are kept,
because llama.cpp says why it refuses a file only in its log.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# libgomp reads it when it is loaded. Its threads wait for each other by spinning, without end by default: a
# busy core then costs a token its whole time slice. This many rounds cost nothing on a quiet machine.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import llama_cpp.llama_cpp as llama
from llama_cpp import __version__ as version

__all__ = [
    "Device",
    "amx_build",
    "devices",
    "dot_length",
    "gpu_backends",
    "llama",
    "recent_log",
    "supports_gpu",
    "system_info",
    "version",
]

_WARNING_AND_ERROR = (3, 4)
_GPU_BACKENDS = ("cuda", "hip", "metal", "sycl", "vulkan")
_recent: deque[str] = deque(maxlen=40)


def _keep(level: int, text: bytes, _user_data: object) -> None:
    if level in _WARNING_AND_ERROR:
        _recent.append(text.decode("utf-8", "replace").strip())


# Module-level, because llama.cpp keeps calling it for as long as the process lives.
_callback = llama.llama_log_callback(_keep)
llama.llama_log_set(_callback, ctypes.c_void_p(0))
llama.llama_backend_init()


def recent_log(clear: bool = False) -> list[str]:
    """The last warnings and errors of llama.cpp, oldest first."""
    lines = list(_recent)
    if clear:
        _recent.clear()
    return lines


def system_info() -> str:
    """What the library was built for, as llama.cpp states it."""
    return str(llama.llama_print_system_info().decode())


def supports_gpu() -> bool:
    """Whether this build can use a GPU, and there is one."""
    return bool(llama.llama_supports_gpu_offload())


def gpu_backends() -> tuple[str, ...]:
    """The kinds of GPU that the library was built for, such as ``cuda``, whether there is one or not."""
    stems = {path.name.split(".")[0] for path in _folder().glob("libggml-*")}
    kinds = (kind for kind in _GPU_BACKENDS if f"libggml-{kind}" in stems)
    return tuple(sorted(kinds))


def amx_build() -> bool:
    """Whether the library was compiled with Intel AMX kernels.

    Compiled by gcc they crash with an invalid tile configuration (llama.cpp issue 20824), so a build
    that has them must not be allowed to choose them.
    """
    return "AMX_INT8 = 1" in system_info()


def dot_length() -> int:
    """Numbers that a product of float32 rows takes at once on this processor; the rest goes one by one.

    ggml's GGML_F32_STEP. With AVX-512 it is 64, and is told as 1: that many are not worth filling up to.
    """
    said = system_info()
    if "AVX512 = 1" in said:
        return 1
    return 32 if "AVX2 = 1" in said else 16 if "NEON = 1" in said else 1


@dataclass(frozen=True, slots=True)
class Device:
    """One place where llama.cpp can compute; memory in bytes."""

    name: str
    description: str
    free: int
    total: int
    is_gpu: bool


def devices() -> list[Device]:
    """Every device of this build, through ggml's registry (the Python bindings leave it out)."""
    registry, base = (_library(_folder(), stem) for stem in ("ggml", "ggml-base"))
    get = registry.ggml_backend_dev_get
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    return [_device(base, get(index)) for index in range(registry.ggml_backend_dev_count())]


def _folder() -> Path:
    return Path(llama.__file__).parent / "lib"


def _library(folder: Path, stem: str) -> ctypes.CDLL:
    for suffix in (".so", ".dylib"):
        path = folder / f"lib{stem}{suffix}"
        if path.exists():
            return ctypes.CDLL(str(path))
    raise OSError(f"no lib{stem} in {folder}")


def _device(base: ctypes.CDLL, handle: Any) -> Device:
    for name in ("ggml_backend_dev_name", "ggml_backend_dev_description"):
        function = getattr(base, name)
        function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    base.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    base.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p] + [ctypes.POINTER(ctypes.c_size_t)] * 2
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    base.ggml_backend_dev_memory(handle, ctypes.byref(free), ctypes.byref(total))
    return Device(
        name=base.ggml_backend_dev_name(handle).decode(),
        description=base.ggml_backend_dev_description(handle).decode(),
        free=free.value,
        total=total.value,
        is_gpu=base.ggml_backend_dev_type(handle) in (1, 2),
    )
