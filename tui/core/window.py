"""What of a conversation the model is shown when not all of it fits the context.

Oldest messages go first, in blocks, so that what the engine has already read stays valid for several
turns; the prompt of the mode and the last question always stay.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.contract import Message
from tui.core.conversation import Dropped, Node, Recollection

#: Messages dropped at a time.
BLOCK = 8
#: Tokens kept free for the answer, but never more than a quarter of the context.
ANSWER_ROOM = 512


@dataclass(frozen=True, slots=True)
class Window:
    """The messages to send, and what was left out of them (None: nothing)."""

    messages: tuple[Message, ...]
    dropped: Dropped | None


def answer_room(context: int) -> int:
    """Tokens of ``context`` that are kept free for the answer."""
    return min(ANSWER_ROOM, context // 4)


def as_messages(path: Sequence[Node]) -> list[Message]:
    """Nodes as the model sees them; answers that never got a word are left out.

    What an answer was shown of memories begins the message before it, as it did when it was written: a
    message of its own would be refused by templates that want questions and answers in turn.
    """
    answers = [*path[1:], None]
    return [
        Message(node.role, reminded(node.content, after.memories if after else None))
        for node, after in zip(path, answers, strict=False)
        if node.content
    ]


def reminded(question: str, memories: Recollection | None) -> str:
    """``question`` with what the model is shown before it."""
    return f"{memories.block}\n\n{question}" if memories else question


def fit(prompt: str, path: Sequence[Node], context: int, count: Callable[[Sequence[Message]], int]) -> Window:
    """The longest end of ``path`` that fits ``context`` tokens with room for an answer.

    A last question that is too long alone is sent as it is: the engine then says how long it is.
    """
    system = [Message("system", prompt)] if prompt else []
    history = as_messages(path)
    limit = context - answer_room(context)
    whole = count([*system, *history])
    if whole <= limit:
        return Window((*system, *history), None)
    most = max(0, len(history) - 1)
    drops = [*range(0, most, BLOCK), most]
    # Counting reads all that is counted, so a long conversation cannot be tried block by block.
    first = bisect_left(drops, True, key=lambda drop: count([*system, *history[drop:]]) <= limit)
    drop = drops[min(first, len(drops) - 1)]
    while drop < len(history) - 1 and history[drop].role == "assistant":
        drop += 1
    kept = (*system, *history[drop:])
    return Window(kept, Dropped(drop, whole - count(kept)) if drop else None)
