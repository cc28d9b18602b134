"""llama.cpp's own server, in a process of its own: GGUF, port, slots, and adapters that it starts with."""

from __future__ import annotations

import sys
import threading

import xllamacpp


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path, params.port = sys.argv[1], int(sys.argv[2])
    params.hostnames = ["127.0.0.1"]
    params.n_parallel = int(sys.argv[3])
    params.n_ctx = 1024 * params.n_parallel
    params.cpuparams.n_threads = 1
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 1.0) for path in sys.argv[4:]]
    server = xllamacpp.Server(params)
    assert server.listening_address
    threading.Event().wait()


if __name__ == "__main__":
    main()
