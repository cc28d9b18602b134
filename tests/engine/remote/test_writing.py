"""An answer that comes from a server, put together."""

from __future__ import annotations

import threading

from engine.remote.delta import Delta
from engine.remote.writing import Writing
from tests.engine.llama.answers import request


def test_an_answer_may_be_let_go_of_while_it_is_put_together_on_the_same_thread() -> None:
    """As the garbage collector does, wherever something is made: here, where the tokens are guessed."""

    def guess() -> int:
        writing.end("cancelled")
        return 1

    writing = Writing(request("hi"), 0, 0, guess)
    writing.push(Delta(text="Hello", finish="stop"))
    ending = threading.Thread(target=writing.end, daemon=True)
    ending.start()
    ending.join(30)
    assert not ending.is_alive(), "it waits for itself"
    assert [writing.take().text, writing.take().done] == ["Hello", "stop"]
