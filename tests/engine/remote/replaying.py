"""A server that says what it is told to, byte for byte: for faults that no real one has when it is wanted."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Silence:
    """Seconds in which not even a sign of life is sent."""

    seconds: float


#: Bytes are sent, numbers are seconds of keep-alives, and None breaks off the connection.
Script = Sequence[bytes | float | Silence | None]

MODELS = json.dumps({"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "someone"}]})
STREAM = "text/event-stream"


def event(**said: Any) -> bytes:
    return f"data: {json.dumps(said)}\n\n".encode()


def piece(text: str, finish: str | None = None, **delta: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}])


DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Answer:
    """What is sent for one request."""

    script: Script
    status: int = 200
    kind: str = STREAM
    headers: dict[str, str] = field(default_factory=dict)


def said(text: str, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    return Answer([text.encode()], status, kind, headers)


@dataclass
class Replay:
    """``answers`` by path, one after the other, the last one again and again. ``asked`` is what came in."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    connections: set[object] = field(default_factory=set)
    url: str = ""

    def chat(self, *answers: Answer) -> Replay:
        self.answers["/v1/chat/completions"] = list(answers)
        return self

    def bodies(self) -> list[dict[str, Any]]:
        return [body for path, body, _ in self.asked if path == "/v1/chat/completions"]


@contextmanager
def replaying(replay: Replay, certificate: Path | None = None) -> Iterator[Replay]:
    """Serve ``replay``, encrypted if there is a ``certificate`` with its key in one file."""
    replay.answers.setdefault("/v1/models", [said(MODELS)])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(replay))
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    replay.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(served: Replay) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        replay = served

    return Handler


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version, protocol_version = "replay", "", "HTTP/1.1"
    replay: Replay

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _answer(self, body: dict[str, Any]) -> None:
        self.replay.connections.add(self.client_address)
        self.replay.asked.append((self.path, body, dict(self.headers)))
        known = self.replay.answers.get(self.path, [said("", 404)])
        answer = known.pop(0) if len(known) > 1 else known[0]
        if answer.script and answer.script[0] is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        headers = {"content-type": answer.kind, "transfer-encoding": "chunked", **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for step in answer.script:
                if step is None:
                    self.close_connection = True
                    return
                self._play(step)
            self._send(b"")
        except OSError:
            self.replay.hung_up.set()

    def _send(self, raw: bytes) -> None:
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    def _play(self, step: bytes | float | Silence) -> None:
        if isinstance(step, bytes):
            self._send(step)
        elif isinstance(step, Silence):
            time.sleep(step.seconds)
        else:
            self._wait(step)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.02)
            self._send(b": keepalive\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Tests have nothing to say on stderr."""
