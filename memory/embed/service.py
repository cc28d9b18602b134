"""Embeddings by a service over HTTP, in either of the two forms that such services speak."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from memory.contract import EmbedderUnavailable, FloatArray
from memory.embed.rows import readable, unit_rows

if TYPE_CHECKING:
    import httpx

#: ``plain``: {"texts": [...]} -> {"embeddings": [...]}. ``openai``: {"input": [...]} -> {"data": [...]}.
Form = Literal["plain", "openai"]
#: Texts in one request.
BATCH = 32
#: A text of fewer characters is too long for no service.
SHORT = 200
#: Seconds for a connection, and for an answer.
CONNECT, ANSWER = 2.0, 20.0
_GO_ON = "recall goes on by keywords"


class ServiceEmbedder:
    """An `Embedder` behind ``url``. Which form it speaks is found out with the first request.

    ``model`` is asked for by name where the form has a place for it, and names the vectors. ``key`` is sent
    as a bearer token. Certificates are verified unless the service is on this machine.
    """

    def __init__(self, url: str, model: str | None = None, key: str | None = None) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EmbedderUnavailable("the embedder's address is no URL: it begins with http:// or https://")
        self._url, self._key, self._name = url, key, model
        self._told = _bare(url)
        self._local = _loopback(parts.hostname)
        self._forms: tuple[Form, ...] = ("plain", "openai")
        if parts.path.rstrip("/").endswith("/embeddings"):
            self._forms = ("openai", "plain")
        self._client: httpx.Client | None = None
        self._dim: int | None = None
        self._lock = threading.Lock()

    @property
    def model(self) -> str:
        """The name that was given, else the service's address. Asks nobody."""
        return self._name or self._told

    @property
    def dim(self) -> int:
        """Length of a vector. Asks the service once. Raises `EmbedderUnavailable`."""
        if self._dim is None:
            self.embed(["length"])
        assert self._dim is not None
        return self._dim

    def embed(
        self, texts: Sequence[str], query: bool = False, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """``(len(texts), dim)`` float32, rows of length 1; ``progress`` is told how many are done.

        The services have no place for ``query``. Raises `EmbedderUnavailable`.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        parts: list[FloatArray] = []
        for at in range(0, len(texts), BATCH):
            batch = [readable(text) for text in texts[at : at + BATCH]]
            parts.append(self._rows(batch))
            if progress is not None:
                progress(at + len(batch))
        return np.concatenate(parts)

    def close(self) -> None:
        """Close its connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _rows(self, texts: list[str]) -> FloatArray:
        """Those of ``texts``; of one that is refused by itself, those of its beginning, as models read it."""
        try:
            values = self._asked(texts)
        except _Refused:
            half = len(texts) // 2
            if half:
                return np.concatenate([self._rows(texts[:half]), self._rows(texts[half:])])
            if len(texts[0]) < SHORT:
                raise
            return self._rows([texts[0][: len(texts[0]) // 2]])
        rows = unit_rows(values, len(texts), self._dim, f"the embedding service at {self._told}")
        self._dim = rows.shape[1]
        return rows

    def _asked(self, texts: list[str]) -> Any:
        """What the service gives in the form that it speaks: the first of those left that it answers."""
        trouble: EmbedderUnavailable | None = None
        refused = False
        for form in self._forms:
            try:
                values = self._read(form, self._reply(form, texts))
            except _OtherForm as other:
                trouble = trouble or EmbedderUnavailable(str(other))
                refused = refused or other.refused
                continue
            self._forms = (form,)
            return values
        assert trouble is not None
        raise _Refused(str(trouble)) if refused else trouble

    def _reply(self, form: Form, texts: list[str]) -> Any:
        import httpx

        body: dict[str, Any] = {"texts": texts}
        if form == "openai":
            body = {"input": texts, "model": self._name or "default"}
        try:
            try:
                response = self._opened().post(self._url, json=body)
            except httpx.RemoteProtocolError:  # a kept connection that the service has closed meanwhile
                response = self._opened().post(self._url, json=body)
        except (httpx.InvalidURL, UnicodeError):  # a port or name that nothing has
            raise self._failed("cannot be an address: look at its host and port") from None
        except httpx.TimeoutException:
            raise self._failed("does not answer in time: is it overloaded?") from None
        except httpx.HTTPError as trouble:
            raise self._failed(f"cannot be reached ({type(trouble).__name__}): is it running?") from None
        self._accepted(response)
        try:
            return response.json()
        except ValueError:
            kind = response.headers.get("content-type", "no type").partition(";")[0]
            raise self._other(f"does not answer in JSON but in {kind[:40]}: is this its address?") from None

    def _accepted(self, response: httpx.Response) -> None:
        """Raise for what is no success, saying what helps."""
        code = response.status_code
        if code in (401, 403):
            raise self._failed(f"refuses the key ({code}): set the right one")
        if code == 429 or code >= 500:
            raise self._failed(f"cannot serve now ({code}): try again later")
        if code >= 300:
            raise self._other(f"does not take what was asked ({code}): is this its address?", code)

    def _read(self, form: Form, reply: Any) -> Any:
        """The rows in ``reply``, in the texts' order."""
        found = reply.get("embeddings" if form == "plain" else "data") if isinstance(reply, dict) else None
        if not isinstance(found, list):
            raise self._other("answers neither with embeddings nor with data: is this its address?")
        if form == "plain":
            return found
        if not all(isinstance(one, dict) and "embedding" in one for one in found):
            raise self._failed("answers with data that hold no embedding")
        if all(isinstance(one.get("index"), int) for one in found):
            found = sorted(found, key=lambda one: int(one["index"]))
        return [one["embedding"] for one in found]

    def _opened(self) -> httpx.Client:
        import httpx

        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise self._failed("cannot be sent the key, which has other signs than ASCII: set the right one")
        with self._lock:
            if self._client is None:
                headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                self._client = httpx.Client(
                    headers=headers,
                    timeout=httpx.Timeout(ANSWER, connect=CONNECT),
                    verify=not self._local,
                    trust_env=not self._local,  # no proxy stands between this machine and itself
                )
            return self._client

    def _failed(self, what: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(f"the embedding service at {self._told} {what}; {_GO_ON}")

    def _other(self, what: str, code: int = 0) -> _OtherForm:
        return _OtherForm(str(self._failed(what)), code in (400, 413, 422))


class _OtherForm(Exception):
    """The service seems to speak another form; or it ``refused`` what it was sent: a text may be too long."""

    def __init__(self, text: str, refused: bool) -> None:
        super().__init__(text)
        self.refused = refused


class _Refused(EmbedderUnavailable):
    """What was sent was refused in every form."""


def _bare(url: str) -> str:
    """``url`` without user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _loopback(host: str) -> bool:
    if host.casefold().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
