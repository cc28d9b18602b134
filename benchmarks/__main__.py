"""Run every benchmark, or those named: ``python -m benchmarks decode switch``.

Those of minutes are programs of their own: ``benchmarks.load`` (recalls beside syncs and imports),
``benchmarks.postgres`` (recall from a server), ``benchmarks.retrieval``, ``benchmarks.keywords``,
``benchmarks.injection``, ``benchmarks.remote``, and of training ``benchmarks.steps`` and
``benchmarks.training``. ``agreement`` and ``switching``, which start servers, run only when they are named.
"""

from __future__ import annotations

import argparse
import importlib

_ALL = ("decode", "depth", "memory", "modes", "screen", "several", "startup", "switch")
#: Given the addresses of servers.
_SERVED = ("agreement", "switching")

parser = argparse.ArgumentParser("python -m benchmarks")
parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*_ALL, *_SERVED)))
parser.add_argument("--server", action="append", default=[], metavar="URL", help="a vLLM, for example")
given = parser.parse_args()
for name in given.names or _ALL:
    if name not in (*_ALL, *_SERVED):
        parser.error(f"no benchmark is called {name}: there are {', '.join((*_ALL, *_SERVED))}")
    main = importlib.import_module(f"benchmarks.{name}").main
    main(given.server) if name in _SERVED else main()
