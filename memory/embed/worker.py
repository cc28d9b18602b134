"""The process that holds the embedding model: sentence-transformers, fed over standard input.

It is run as a file, and imports nothing of ours. Torch and llama.cpp starve each other in one process:
libgomp keeps a team of threads for every thread that has computed, and idle ones spin.

Arguments: the model's folder, and how many threads may compute. Speaks lines of JSON: first ``{"dim": 384}``
when the model is loaded; then for each ``{"texts": [...], "query": false}`` a ``{"rows": n}``, followed by
``n * dim * 4`` bytes of float32 in this machine's order; or ``{"error": "..."}`` for either. It ends when its
input ends, in mid-work too, so it never outlives who started it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from typing import Any, BinaryIO


def serve(folder: str, threads: int) -> None:
    """Load the model in ``folder`` and answer until the input ends."""
    replies = _private_output()
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    try:
        model = _loaded(folder, threads)
    except Exception as trouble:  # noqa: BLE001 (whatever a library raises, the parent is to be told)
        _say(replies, {"error": f"{type(trouble).__name__}: {trouble}"})
        return
    _say(replies, {"dim": model.get_embedding_dimension()})
    while True:
        _answer(model, json.loads(asked.get()), replies)


def _private_output() -> BinaryIO:
    """Standard output for replies alone: what libraries print goes to standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")


def _listen(requests: BinaryIO, asked: queue.SimpleQueue[bytes]) -> None:
    """Hand on requests; at their end the process ends, whatever it is doing."""
    for line in requests:
        asked.put(line)
    os._exit(0)


def _loaded(folder: str, threads: int) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    return SentenceTransformer(folder, device="cpu", local_files_only=True)


def _answer(model: Any, request: dict[str, Any], replies: BinaryIO) -> None:
    """One reply. Texts of like length are together in a batch: the shorter ones are padded."""
    encode = model.encode_query if request["query"] else model.encode_document
    try:
        rows = encode(request["texts"], batch_size=16, normalize_embeddings=True, show_progress_bar=False)
    except Exception as trouble:  # noqa: BLE001 (as above; its text may hold what was embedded)
        _say(replies, {"error": type(trouble).__name__})
        return
    _say(replies, {"rows": len(rows)}, rows.astype("float32").tobytes())


def _say(replies: BinaryIO, message: dict[str, Any], more: bytes = b"") -> None:
    replies.write(json.dumps(message).encode() + b"\n" + more)
    replies.flush()


if __name__ == "__main__":
    # Ctrl-C in the terminal is for the program that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.argv[1], int(sys.argv[2]))
