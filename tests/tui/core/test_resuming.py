"""Going on with a conversation whose mode or model may be gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modes.catalog import Catalog
from tui.core.conversation import Conversation, Node, Provenance
from tui.core.resuming import ModeGone, find, other_models, voice_of
from tui.core.store import NoSuchConversation, Store

HERE = Provenance("here.gguf", "aa", "base", "1")


def answers(*wrote: Provenance | None) -> list[Node]:
    return [
        Node(str(at), None, "c", "user" if one is None else "assistant", "text", 0.0, provenance=one)
        for at, one in enumerate(wrote)
    ]


def told(*wrote: Provenance | None, fingerprint: str | None = "aa") -> str | None:
    return other_models(answers(*wrote), "here.gguf", fingerprint)


def test_answers_of_the_loaded_model_need_no_word_wherever_its_file_lies() -> None:
    assert told(None, HERE, HERE) is None
    assert told(replace(HERE, model="renamed.gguf")) is None
    assert told(replace(HERE, fingerprint=None)) is None
    assert told(HERE, fingerprint=None) is None
    assert told() is None


def test_each_other_model_is_named_once() -> None:
    one, two = Provenance("one.gguf", "bb", "base", "1"), Provenance("two.gguf", None, "base", "1")
    assert told(one, None, two, one, HERE) == (
        "earlier answers here were written by one.gguf, two.gguf; here.gguf goes on"
    )


def test_another_model_of_the_same_name_is_told_apart_by_its_fingerprint() -> None:
    assert told(replace(HERE, fingerprint="bb")) == (
        "earlier answers here were written by another here.gguf; here.gguf goes on"
    )
    assert told(HERE, replace(HERE, fingerprint="bb")) is not None


@pytest.mark.parametrize("mode", ["pirate", "legal*0.5+pirate", "legal*"])
def test_a_mode_that_is_gone_is_named_with_what_to_do(mode: str) -> None:
    talk = Conversation("c", "", mode, None, 0.0, 0.0)
    with pytest.raises(ModeGone, match=r"this conversation's mode is gone: .*; name another mode"):
        voice_of(talk, Catalog.load(None))
    assert voice_of(replace(talk, mode="legal"), Catalog.load(None)).spec == "legal"


def test_latest_is_the_conversation_last_written_to(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NoSuchConversation, match="no conversation yet"):
        find(store, "latest")
    one, two = store.create(), store.create()
    store.add_question(two.id, None, "second")
    store.add_question(one.id, None, "first, but later")
    assert find(store, " Latest ").id == one.id
    assert find(store, two.id[:10]).id == two.id
