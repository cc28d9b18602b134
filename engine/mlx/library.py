"""The MLX library as one import: which versions will do, and what this machine gives it.

Whoever finds it missing or too old is told what to install.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import psutil

from engine.contract import ModelUnusable

#: The oldest that have what is used here.
_NEEDED = {"mlx": (0, 32), "mlx-lm": (0, 32)}
_INSTALL = "install the extra (pip install 'modeshare[mlx]'), or use llama.cpp"


def check_versions() -> None:
    """Raises `ModelUnusable` where MLX is missing or older than what is needed."""
    for package, needed in _NEEDED.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            raise ModelUnusable(
                f"the MLX engine needs {package}, which is not installed: {_INSTALL}"
            ) from None
        numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
        if numbers < needed:
            wanted = ".".join(map(str, needed))
            raise ModelUnusable(f"the MLX engine needs {package} {wanted} or later, not {found}: {_INSTALL}")


check_versions()

import mlx.core as mx  # noqa: E402 - after the word on what to install
from mlx import nn  # noqa: E402

__all__ = ["Machine", "check_versions", "machine", "mx", "nn"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where MLX computes. ``working_set`` is the most a GPU should hold, bytes; None on a CPU."""

    device: str
    gpu: bool
    working_set: int | None

    def free(self) -> int:
        """Bytes that may still be taken before the machine begins to swap."""
        available = int(psutil.virtual_memory().available)
        if self.working_set is None:
            return available
        return min(available, max(0, self.working_set - int(mx.get_active_memory())))

    def hold_resident(self) -> None:
        """Keep what the GPU works on out of the reach of the pager, as far as the system recommends."""
        if self.working_set is not None:
            mx.set_wired_limit(self.working_set)


def machine() -> Machine:
    """The default device of this process."""
    gpu = mx.default_device().type == mx.DeviceType.gpu
    about = mx.device_info()
    name = str(about.get("device_name", "GPU")) if gpu else "CPU"
    limit = about.get("max_recommended_working_set_size")
    return Machine(name, gpu, int(limit) if gpu and limit else None)
