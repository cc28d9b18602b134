"""An engine on a server that says what it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.remote.replaying import Answer, Replay, replaying

Replayed = Callable[..., tuple[RemoteEngine, Replay]]


@pytest.fixture
def replayed() -> Iterator[Replayed]:
    """An engine on a server that gives these answers to what is asked of the model."""
    with ExitStack() as stack:

        def make(
            *answers: Answer, replay: Replay | None = None, **options: Any
        ) -> tuple[RemoteEngine, Replay]:
            served = stack.enter_context(replaying((replay or Replay()).chat(*answers)))
            engine = RemoteEngine(served.url, RemoteOptions(**options), lambda _fraction: True)
            stack.callback(engine.close)
            return engine, served

        yield make
