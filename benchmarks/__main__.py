"""Run every benchmark, or those named: ``python -m benchmarks decode switch``.

Those of minutes are programs of their own: ``benchmarks.load`` (recalls beside syncs and imports),
``benchmarks.postgres`` (recall from a server), ``benchmarks.retrieval`` and ``benchmarks.injection``.
"""

from __future__ import annotations

import sys

from benchmarks import decode, depth, memory, screen, several, startup, switch

_ALL = {
    "decode": decode.main,
    "depth": depth.main,
    "memory": memory.main,
    "screen": screen.main,
    "several": several.main,
    "startup": startup.main,
    "switch": switch.main,
}

for name in sys.argv[1:] or _ALL:
    if name not in _ALL:
        sys.exit(f"no benchmark is called {name}: there are {', '.join(_ALL)}")
    _ALL[name]()
