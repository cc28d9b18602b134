"""A request sent, and its answer fed to a `Writing`: tried again only while nothing was generated.

It must not know what a server is called, nor what a request holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

import httpx

from engine.contract import GenerationFailed
from engine.remote.delta import Delta, of, read
from engine.remote.refusals import Reply, other_kind, refusal, said
from engine.remote.sse import BadStream, Events
from engine.remote.troubles import again, failure
from engine.remote.wire import SILENCE, TRIES, Wire, whole
from engine.remote.writing import Writing

Body = dict[str, Any]
Pieces = AsyncGenerator[bytes, None]
#: Gives a request that the server may take after it refused one, or None.
Amend = Callable[[Body, Reply], Body | None]
#: What a server says that has no room now, or is still loading its model.
_LATER = (429, 502, 503)
#: Fields that a request may lose, one at a time.
_AMENDMENTS = 8
#: Seconds for what comes after the last event, which is nothing but the end of the body.
_LAST_BYTES = 1.0


async def stream(wire: Wire, body: Body, writing: Writing, amend: Amend) -> None:
    """Feed ``writing`` to its end. Whatever goes wrong is told by it; being cancelled ends it so."""
    try:
        await _until_taken(wire, body, writing, amend)
    except asyncio.CancelledError:
        writing.end("cancelled")
        raise
    except httpx.HTTPError as trouble:
        writing.fail(failure(trouble, wire.address.shown))
    except BadStream as trouble:
        writing.fail(GenerationFailed(f"{wire.address.shown} broke the protocol: {trouble}"))
    except BaseException as error:  # noqa: BLE001 - handed to whoever reads the answer
        writing.fail(error)


async def _until_taken(wire: Wire, body: Body, writing: Writing, amend: Amend) -> None:
    pauses, amendments = iter(TRIES), 0
    while True:
        pause = None
        try:
            refused = await _once(wire, body, writing)
        except httpx.HTTPError as trouble:
            pause = next(pauses, None)
            if pause is None or writing.begun or not again(trouble):
                raise
        else:
            if refused is None:
                return
            amendments += 1
            other = await asyncio.to_thread(amend, body, refused) if amendments <= _AMENDMENTS else None
            if other is not None:
                body = other
                continue
            pause = next(pauses, None) if refused.status in _LATER else None
            if pause is None:
                raise refusal(refused, wire.address.shown)
            pause = max(pause, refused.wait or 0.0)
        await asyncio.sleep(pause)


async def _once(wire: Wire, body: Body, writing: Writing) -> Reply | None:
    """Send it once; what was refused, or None when the answer is there."""
    url = f"{wire.address.api}/chat/completions"
    async with wire.stream("POST", url, body, SILENCE) as response:
        kind = response.headers.get("content-type", "")
        if response.status_code != 200:
            return await whole(response)
        if "event-stream" in kind:
            await _follow(response, writing, wire.address.shown)
        elif "json" in kind:
            _take_whole(await whole(response), writing, wire.address.shown)
        else:
            raise other_kind(kind, wire.address.shown)
    return None


async def _follow(response: httpx.Response, writing: Writing, where: str) -> None:
    events = Events()
    try:
        async with aclosing(cast(Pieces, response.aiter_bytes())) as pieces:
            async for raw in pieces:
                for event in events.push(raw):
                    if _feed(read(event), writing, where):
                        return await _rest(pieces, writing)
    except httpx.HTTPError:
        if not writing.finished:
            raise
        writing.end()
        return
    for event in events.flush():
        if _feed(read(event), writing, where):
            return
    if not writing.finished:
        raise GenerationFailed(f"{where} went away in mid-answer: what came before is kept; see its own log")
    writing.end()


async def _rest(pieces: Pieces, writing: Writing) -> None:
    """Read to the end of a body that is over, so that its connection can be used again."""
    if writing.finished:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_BYTES):
                async for _ in pieces:
                    pass


def _feed(delta: Delta, writing: Writing, where: str) -> bool:
    """Whether the answer is over."""
    if delta.error is not None:
        raise GenerationFailed(f"{where} failed in mid-answer: {said(delta.error) or 'it gave no reason'}")
    if delta.over:
        writing.end()
    else:
        writing.push(delta)
    return writing.over


def _take_whole(reply: Reply, writing: Writing, where: str) -> None:
    """An answer in one piece, from a server that knows no streams."""
    if "choices" not in reply.table:
        raise GenerationFailed(
            f"{where} answers with JSON that holds no answer: {said(reply.data, reply.text) or 'it is empty'}"
        )
    writing.push(of(reply.table))
    writing.end()
