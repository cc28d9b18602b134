"""Connections to a server that can do nothing but read.

psycopg's asynchronous pool runs in a thread of its own, so that no caller waits longer than was agreed,
whatever the network does. Every transaction begins READ ONLY and sets what it
needs for itself (SET LOCAL): behind a
PgBouncer in transaction mode nothing else would hold. It must not know what the table means.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from memory.contract import MemoryUnavailable
from memory.postgres.server import Server, parameters
from memory.postgres.trouble import BUSY, SLOW, ServerTrouble, reason, unavailable

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.sql import SQL, Composed
    from psycopg_pool import AsyncConnectionPool

T = TypeVar("T")
Rows = list[tuple[Any, ...]]
#: Connections at most: the legs of a recall, and one to spare.
_MOST = 4
#: Seconds that a caller waits beyond what the server was told: it should end the statement itself.
_GRACE = 0.5
#: A server that did not answer at all is left alone for so many seconds: each try costs a whole timeout.
_PAUSE = 15.0


class Reader:
    """One read-only transaction. Made by `Pool.reading`."""

    def __init__(self, pool: Pool, connection: AsyncConnection[Any], limit: float) -> None:
        self._pool, self._connection, self._limit = pool, connection, limit

    def rows(self, query: SQL | Composed, values: Sequence[Any] = ()) -> Rows:
        """What a SELECT gives. Raises `MemoryUnavailable`."""
        return self._pool.wait(self._rows(query, values), self._limit)

    async def _rows(self, query: SQL | Composed, values: Sequence[Any]) -> Rows:
        cursor = self._connection.cursor(binary=True)
        await cursor.execute(query, values or None)
        # DECLARE gives no rows.
        return await cursor.fetchall() if cursor.description else []


class Hidden(dict[str, Any]):
    """What libpq is given: it has the password, and a printed traceback may show locals."""

    def __repr__(self) -> str:
        return "Hidden()"


class Failed(Exception):
    """A statement was refused; ``why`` as in `memory.postgres.trouble`. Never leaves this package."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Pool:
    """Opens nothing before it is asked; connects again by itself. May be used from any thread."""

    def __init__(self, server: Server, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = server
        self._clock = clock
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: AsyncConnectionPool[Any] | None = None
        self._waiting: set[asyncio.Future[None]] = set()
        self._lent: set[AsyncConnection[Any]] = set()
        self._silent_until = float("-inf")
        self._given: Hidden | None = None

    @contextlib.contextmanager
    def reading(self, limit: float | None = None, local: Sequence[str] = ()) -> Iterator[Reader]:
        """A transaction whose statements take ``limit`` seconds each at most (None: the server's timeout).

        ``local`` are settings ("name = value") for it alone. Raises `MemoryUnavailable`.
        """
        seconds = self.server.timeout if limit is None else limit
        if any(importlib.util.find_spec(name) is None for name in ("psycopg", "psycopg_pool")):
            raise MemoryUnavailable("a memory server needs psycopg: pip install 'modeshare[postgres]'")
        if self._clock() < self._silent_until:
            raise unavailable(self.server, SLOW)
        if self._given is None:
            self._given = Hidden(parameters(self.server))
        connection = self.wait(self._begin(seconds, local), seconds)
        try:
            yield Reader(self, connection, seconds)
        finally:
            with contextlib.suppress(Exception):
                self.wait(self._end(connection), 1.0)

    def wait(self, work: Coroutine[Any, Any, T], limit: float) -> T:
        """The result of ``work``, done in the pool's thread. Its errors chain nothing."""
        trouble: ServerTrouble
        future: concurrent.futures.Future[T] | None = None
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._running())
            return future.result(limit + _GRACE)
        except Failed as error:
            trouble = self._told(error.why, limit)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises: the conversation goes on
            trouble = self._told(reason(error, connecting=False), limit)
        finally:
            if future is None:
                work.close()
            elif not future.done():
                future.cancel()
        # Not within the except clause: what psycopg raised may quote the DSN, and has it among its locals.
        raise trouble

    def close(self) -> None:
        """Give everything back. The pool may be used again."""
        with self._lock:
            loop, self._loop = self._loop, None
            pool, self._pool = self._pool, None
        if loop is None:
            return
        if pool is not None:
            closing = asyncio.run_coroutine_threadsafe(pool.close(timeout=1.0), loop)
            with contextlib.suppress(Exception):
                closing.result(3.0)
        loop.call_soon_threadsafe(loop.stop)

    def _told(self, why: str, limit: float) -> ServerTrouble:
        if why == SLOW:
            self._silent_until = self._clock() + _PAUSE
        return unavailable(self.server, why, limit)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                # psycopg cannot use the loop that Windows has by default.
                self._loop = asyncio.SelectorEventLoop()
                threading.Thread(target=_run, args=(self._loop,), name="memory-postgres", daemon=True).start()
            return self._loop

    async def _begin(self, seconds: float, local: Sequence[str]) -> AsyncConnection[Any]:
        """A connection in a fresh transaction. One that died in the pool (sleep, restart) is passed over."""
        from psycopg import OperationalError

        began = self._clock()
        for _ in range(_MOST + 1):
            connection = await self._connection(seconds)
            left = max(0.05, seconds - (self._clock() - began))
            settings = [f"statement_timeout = {int(left * 1000)}", *local]
            try:
                await connection.execute(
                    "BEGIN READ ONLY; " + "; ".join(f"SET LOCAL {one}" for one in settings)
                )
            except OperationalError as error:
                await self._end(connection)
                last = reason(error, connecting=False)
            except BaseException:
                await self._end(connection)
                raise
            else:
                return connection
        raise Failed(last)

    async def _connection(self, seconds: float) -> AsyncConnection[Any]:
        """From the pool, or why there is none as soon as that is known: the pool would go on trying."""
        from psycopg_pool import PoolTimeout

        pool = await self._opened()
        failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(failing)
        getting = asyncio.ensure_future(pool.getconn(seconds))
        try:
            await asyncio.wait({getting, failing}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                connection: AsyncConnection[Any] = getting.result()
                self._lent.add(connection)
                return connection
            getting.cancel()
            failing.result()
            raise AssertionError("a failure has a reason")
        except PoolTimeout:
            # Those who have all connections say themselves if the server does not answer.
            raise Failed(BUSY if len(self._lent) >= _MOST else SLOW) from None
        except BaseException:
            if not getting.cancel() and not getting.cancelled() and getting.exception() is None:
                await self._end(getting.result())
            raise
        finally:
            self._waiting.discard(failing)
            if not failing.cancel() and not failing.cancelled():
                failing.exception()  # else asyncio logs that nobody asked

    async def _opened(self) -> AsyncConnectionPool[Any]:
        if self._pool is None:
            from psycopg_pool import AsyncConnectionPool

            # Its warnings quote libpq, and by default they are written over the screen.
            logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
            logging.getLogger("psycopg").setLevel(logging.CRITICAL)
            milliseconds = str(int(self.server.timeout * 1000))
            keep = {"keepalives_idle": "30", "keepalives_interval": "10", "tcp_user_timeout": milliseconds}
            assert self._given is not None
            self._pool = AsyncConnectionPool(
                connection_class=self._kind(),
                kwargs=Hidden(keep | self._given | {"autocommit": True, "prepare_threshold": None}),
                min_size=0, max_size=_MOST, max_idle=300.0, reconnect_timeout=0.0, open=False,
            )  # fmt: skip
            await self._pool.open(wait=False)
        return self._pool

    def _kind(self) -> type[AsyncConnection[Any]]:
        """A connection that tells those who wait why it cannot be made."""
        from psycopg import AsyncConnection, Error

        waiting = self._waiting

        class Telling(AsyncConnection[Any]):
            @classmethod
            async def connect(cls, *args: Any, **kwargs: Any) -> Any:
                try:
                    return await super().connect(*args, **kwargs)
                except (Error, OSError) as error:
                    why = Failed(reason(error, connecting=True))
                    for one in waiting:
                        if not one.done():
                            one.set_exception(why)
                    raise

        return Telling

    async def _end(self, connection: AsyncConnection[Any]) -> None:
        from psycopg.pq import TransactionStatus

        self._lent.discard(connection)
        ended = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
        try:
            with contextlib.suppress(Exception):
                if connection.pgconn.transaction_status in ended:
                    async with asyncio.timeout(1.0):
                        await connection.execute("ROLLBACK")
        finally:
            # Also when nobody waits any longer: what the pool does not get back is lost to it. One that
            # cannot even do this is closed.
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                await connection.close()
            if self._pool is not None:
                await self._pool.putconn(connection)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    with contextlib.suppress(Exception):
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
