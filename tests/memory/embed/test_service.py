"""The embedder over HTTP, against a real server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from memory.contract import EmbedderUnavailable
from memory.embed import ServiceEmbedder

Answer = Callable[[str, dict[str, Any], Any], tuple[int, Any]]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives what ``answer`` of (path, body, headers) says; its address, what it was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            code, reply = answer(self.path, body, self.headers)
            raw = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/html" if isinstance(reply, bytes) else "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def row(text: str) -> list[float]:
    return [float(len(text)), 3.0, 4.0]


def plain(_path: str, body: dict[str, Any], _headers: Any) -> tuple[int, Any]:
    if "texts" not in body:
        return 422, {"detail": "no texts"}
    return 200, {"embeddings": [row(text) for text in body["texts"]]}


def openai(_path: str, body: dict[str, Any], _headers: Any) -> tuple[int, Any]:
    if "input" not in body:
        return 400, {"error": "no input"}
    data = [{"index": at, "embedding": row(text)} for at, text in enumerate(body["input"])]
    return 200, {"data": data[::-1], "model": body["model"]}


@pytest.mark.parametrize("answer", [plain, openai])
@pytest.mark.parametrize("path", ["/embed", "/v1/embeddings"])
def test_either_form_is_found_out_by_asking_once(answer: Answer, path: str) -> None:
    with serving(answer) as (url, asked):
        embedder = ServiceEmbedder(url + path, "bge-large")
        rows = embedder.embed(["a", "bb"])
        again = embedder.embed(["a", "bb"], query=True)
        embedder.close()
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    assert rows[0] == pytest.approx(np.array(row("a")) / np.linalg.norm(row("a")))
    assert (rows == again).all()
    assert embedder.dim == 3
    assert embedder.model == "bge-large"
    assert len(asked) in (2, 3), "asked in the wrong form at most once"
    assert asked[-1].get("model", "bge-large") == "bge-large"


def test_many_texts_go_in_batches_with_progress() -> None:
    done: list[int] = []
    with serving(plain) as (url, asked):
        rows = ServiceEmbedder(url).embed([str(at) for at in range(70)], progress=done.append)
        assert ServiceEmbedder(url).embed([]).shape == (0, 3)
    assert len(rows) == 70
    assert done == [32, 64, 70]
    assert [len(one["texts"]) for one in asked[:3]] == [32, 32, 6]


def test_the_key_is_sent_and_a_wrong_one_is_told_without_being_shown() -> None:
    def locked(path: str, body: dict[str, Any], headers: Any) -> tuple[int, Any]:
        return plain(path, body, headers) if headers["Authorization"] == "Bearer right" else (401, {})

    with serving(locked) as (url, _asked):
        assert len(ServiceEmbedder(url, key="right").embed(["a"])) == 1
        with pytest.raises(EmbedderUnavailable, match="refuses the key") as trouble:
            ServiceEmbedder(url, key="wr0ng").embed(["a"])
    assert "wr0ng" not in str(trouble.value)


BAD: dict[str, tuple[tuple[int, Any], str]] = {
    "HTML": ((200, b"<html>Welcome</html>"), "text/html"),
    "a page that is not there": ((404, b"<html>"), "404"),
    "an overloaded server": ((503, {}), "try again later"),
    "another JSON": ((200, {"result": []}), "neither"),
    "a list": ((200, [1]), "neither"),
    "fewer vectors": ((200, {"embeddings": [[1.0, 2.0]]}), "for 2 texts"),
    "no vectors": ((200, {"embeddings": []}), "for 2 texts"),
    "rows of two lengths": ((200, {"embeddings": [[1.0], [1.0, 2.0]]}), "of one length"),
    "words": ((200, {"embeddings": [["a"], ["b"]]}), "rows of numbers"),
    "nulls": ((200, {"embeddings": [[None, 1.0], [1.0, 1.0]]}), "NaN"),
    "NaN": ((200, {"embeddings": [[float("nan")], [1.0]]}), "NaN"),
    "nothing but noughts": ((200, {"embeddings": [[0.0], [1.0]]}), "length 0"),
    "data without embedding": ((200, {"data": [{}, {}]}), "no embedding"),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_answer_that_is_no_embedding_says_where_and_what(kind: str) -> None:
    reply, said = BAD[kind]
    with serving(lambda *_asked: reply) as (url, _asked):
        secret = url.replace("://", "://bob:s3cret@") + "/embed?key=hidden"
        with pytest.raises(EmbedderUnavailable, match=said) as trouble:
            ServiceEmbedder(secret).embed(["private text", "b"])
    assert f"{url}/embed" in str(trouble.value)
    assert not any(word in str(trouble.value) for word in ("s3cret", "hidden", "private"))


@pytest.mark.parametrize("code", [400, 413, 422])
@pytest.mark.parametrize("path", ["/embed", "/v1/embeddings"])
def test_a_text_that_is_too_long_for_the_service_is_embedded_by_its_beginning(code: int, path: str) -> None:
    def short(path: str, body: dict[str, Any], headers: Any) -> tuple[int, Any]:
        too_long = any(len(text) > 600 for text in body.get("input", []))
        return (code, {"error": "maximum context length"}) if too_long else openai(path, body, headers)

    texts = ["a", "long " * 1000, "bb", "x" * 700]
    with serving(short) as (url, asked):
        rows = ServiceEmbedder(url + path, "bge-large").embed(texts)
    read = [row(text)[0] for text in ("a", "b" * 312, "bb", "x" * 350)]
    assert rows[:, 0] / rows[:, 1] * 3.0 == pytest.approx(read)
    assert len(asked) < 40


def test_a_service_that_refuses_everything_is_told_after_few_tries() -> None:
    told = pytest.raises(EmbedderUnavailable, match=r"does not take what was asked \(400\)")
    with serving(lambda *_asked: (400, {})) as (url, asked), told:
        ServiceEmbedder(url).embed(["long " * 1000] * 32)
    assert len(asked) < 40


def test_another_dimension_than_before_is_refused() -> None:
    sizes = iter([3, 3, 4])
    with serving(lambda *_asked: (200, {"embeddings": [[1.0] * next(sizes)]})) as (url, _asked):
        embedder = ServiceEmbedder(url)
        assert embedder.dim == 3
        embedder.embed(["a"])
        with pytest.raises(EmbedderUnavailable, match="another model"):
            embedder.embed(["a"])


def test_a_service_that_is_not_there_or_no_url_is_told() -> None:
    with serving(plain) as (url, _asked):
        pass
    with pytest.raises(EmbedderUnavailable, match="is it running"):
        ServiceEmbedder(url).embed(["a"])
    for wrong in ("ftp://x", "embeddings", "http://[", ""):
        with pytest.raises(EmbedderUnavailable, match="no URL"):
            ServiceEmbedder(wrong)


@pytest.mark.parametrize("wrong", ["127.0.0.1:80a/embed", "exa\u2028mple", "xn--"])
def test_an_address_that_nothing_can_have_is_told(wrong: str) -> None:
    with pytest.raises(EmbedderUnavailable, match="cannot be an address") as trouble:
        ServiceEmbedder(f"http://bob:s3cret@{wrong}").embed(["a"])
    assert "s3cret" not in str(trouble.value)


def test_a_key_that_no_header_can_carry_is_told_without_being_shown() -> None:
    with serving(plain) as (url, asked):
        for wrong in ("schl\xfcssel", "two\nlines", "\u201cquoted\u201d"):
            with pytest.raises(EmbedderUnavailable, match="key") as trouble:
                ServiceEmbedder(url, key=wrong).embed(["a"])
            assert wrong not in str(trouble.value)
    assert not asked


def test_texts_that_no_json_takes_are_sent_as_others() -> None:
    with serving(plain) as (url, asked):
        ServiceEmbedder(url).embed(["lone \ud83d half", "x" * 650_000])
    assert asked[0]["texts"][0] == "lone ? half"
    assert len(asked[0]["texts"][1]) == 8_000
