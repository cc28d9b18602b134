"""Sizes as people write and read them."""

from __future__ import annotations

import re

from tui.headless.refusal import BadSize

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def parse_size(text: str) -> int:
    """Bytes of ``4MB``, ``512KiB`` or ``1.5 GB``. Raises `BadSize`."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]I?B|B|)\s*", text.upper())
    size = int(float(found[1]) * _UNITS[found[2].removeprefix("B")]) if found else 0
    if size < 1:
        raise BadSize(f"{text!r} is no size: write it as 4MB, 512KiB or a number of bytes above 0")
    return size


def in_gib(size: int) -> str:
    """``39.59 GiB``, or MiB below one of them."""
    return f"{size / 2**30:,.2f} GiB" if abs(size) >= 2**30 else f"{size / 2**20:,.2f} MiB"
