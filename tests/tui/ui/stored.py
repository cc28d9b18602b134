"""Conversations that are in the store without a model having written them."""

from __future__ import annotations

from tui.core.conversation import Node, Provenance
from tui.core.store import Store

BY = Provenance("model", None, "short", "1")


def fill(store: Store, *turns: tuple[str, str]) -> str:
    """A conversation of these questions and answers; its id."""
    conversation = store.create("short")
    parent = None
    for question, answer in turns:
        parent = add_answer(
            store, conversation.id, store.add_question(conversation.id, parent, question).id, answer
        )
    return conversation.id


def thread(store: Store, conversation: str | None = None) -> list[Node]:
    """The messages of a conversation, of the latest if none is named, as far as it has come."""
    found = store.latest() if conversation is None else store.get(conversation)
    assert found is not None and found.head is not None
    return store.path(found.head)


def add_answer(store: Store, conversation: str, question: str, text: str, thinking: str = "") -> str:
    """One more answer to ``question``; its id."""
    answer = store.begin_answer(conversation, question, BY).id
    store.finish_answer(answer, text=text, thinking=thinking, status="done", usage=None)
    return answer


def many(store: Store, count: int) -> str:
    """A conversation of ``count`` messages, ``question 0``, ``answer 0``, ``question 1`` and so on."""
    return fill(store, *((f"question {turn}", f"answer {turn}") for turn in range(count // 2)))
