"""HTTP to one server, on a thread of its own, so that whoever waits can be woken and a stream cut off.

It must not know what is asked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from engine.contract import GenerationFailed, ModelUnusable
from engine.remote.address import Address
from engine.remote.refusals import Reply
from engine.remote.troubles import again, failure, unopened

T = TypeVar("T")

#: Seconds for a connection, and for what needs no thought.
CONNECT, ANSWER = 5.0, 30.0
#: Seconds between two signs of life of an answer: reading a long prompt, and thinking, take minutes.
SILENCE = 600.0
#: Seconds before each new try of what nothing was generated for.
TRIES = (0.5, 1.0, 2.0)
#: Seconds between two looks whether an answer is still wanted.
_LOOK = 0.2
#: The most bytes of an answer that is not streamed, and seconds that a server may bid us wait.
_MOST, _LONGEST_WAIT = 64 << 20, 10.0


class Wire:
    """Sends requests to ``address``. From any thread; `close` ends what is under way.

    Raises `ModelUnusable` for a ``key`` that cannot be sent.
    """

    def __init__(self, address: Address, key: str | None = None) -> None:
        if key and not (key.isascii() and key.isprintable()):
            raise ModelUnusable(
                f"the key for {address.shown} has a line end or a letter in it that no key can have: "
                "look at MODESHARE_SERVER_KEY, or server_key"
            )
        self.address = address
        self._key = key
        self._loop = asyncio.new_event_loop()
        self._client: httpx.AsyncClient | None = None
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._thread.start()

    def ask(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        seconds: float = ANSWER,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Reply:
        """One answer, whatever its status; tried again while there is no connection, and given up once it is
        no longer ``wanted``. Blocks. Raises `GenerationFailed` when there is none.
        """
        asked = self.begin(self._ask(method, url, body, seconds))
        try:
            while not wait([asked], _LOOK).done:
                if not wanted():
                    asked.cancel()
            return asked.result()
        except CancelledError:
            raise GenerationFailed(f"the connection to {self.address.shown} was closed") from None

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run ``work`` on the wire's thread; cancelling the future cancels it. Raises `GenerationFailed`."""
        with self._closing:
            if self._closed:
                work.close()
                raise GenerationFailed(f"the connection to {self.address.shown} is closed")
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, body: object, seconds: float
    ) -> AsyncIterator[httpx.Response]:
        """An answer whose body is still to come. Raises what httpx raises."""
        timeout = httpx.Timeout(seconds, connect=CONNECT, pool=None)
        request = self._opened().build_request(method, url, json=body, timeout=timeout)
        response = await self._opened().send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def _ask(self, method: str, url: str, body: object, seconds: float) -> Reply:
        for pause in (*TRIES, None):
            try:
                async with self.stream(method, url, body, seconds) as response:
                    return await whole(response)
            except httpx.HTTPError as trouble:
                if pause is None or not again(trouble):
                    raise failure(trouble, self.address.shown) from None
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=8)
            verify = self.address.encrypted  # reading the authorities takes time
            try:
                self._client = httpx.AsyncClient(
                    headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                    limits=limits,
                    verify=verify,
                    # With a transport of its own it looks for no proxy in the environment.
                    transport=httpx.AsyncHTTPTransport(verify=verify, limits=limits)
                    if self.address.loopback
                    else None,
                )
            except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
                raise unopened(error, self.address.shown) from error
        return self._client

    def close(self) -> None:
        """Cancel what is under way and end the thread. Closing twice is nothing."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
        await self._loop.shutdown_asyncgens()


async def whole(response: httpx.Response) -> Reply:
    """``response`` with all of its body, as far as that is bearable."""
    raw = b""
    async for piece in response.aiter_bytes():
        raw += piece
        if len(raw) > _MOST:
            break
    headers = response.headers
    wait = headers.get("retry-after", "")
    return Reply(
        response.status_code,
        raw.decode("utf-8", "replace"),
        headers.get("content-type", ""),
        headers.get("server", ""),
        min(float(wait), _LONGEST_WAIT) if wait.isdigit() else None,
    )
