"""``tui ask --resume``: going on with a conversation."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.tui.program import Program
from tui.core.conversation import Conversation, Provenance
from tui.core.store import Store


def only_talk(program: Program) -> Conversation:
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        (talk,) = store.list()
    return talk


def begun(program: Program, mode: str = "coding", model: str = "elsewhere.gguf") -> Conversation:
    """A conversation with one answer, by another model."""
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        talk = store.create(mode)
        asked = store.add_question(talk.id, None, "My name is Ada.")
        wrote = Provenance(model, "00" * 32, mode, "1")
        answer = store.begin_answer(talk.id, asked.id, wrote)
        store.finish_answer(answer.id, text="Hello Ada.", thinking="", status="done", usage=None)
        return store.get(talk.id)


@pytest.mark.parametrize("how", ["id", "beginning", "latest"])
def test_a_question_goes_on_where_the_conversation_stands_and_in_its_mode(program: Program, how: str) -> None:
    talk = begun(program)
    ref = {"id": talk.id, "beginning": talk.id[:8], "latest": "latest"}[how]
    assert program.ask("--resume", ref, "What is my name?").code == 0
    ((_, _, asked, answer),) = program.talks()
    assert asked.content == "What is my name?"
    assert asked.parent == talk.head
    assert answer.provenance is not None
    assert answer.provenance.mode == "coding"


def test_another_mode_is_taken_when_it_is_named_and_stays(program: Program) -> None:
    begun(program)
    assert program.ask("--resume", "latest", "-m", "legal*0.5", "And now?").code == 0
    assert only_talk(program).mode == "legal*0.5"
    assert program.ask("--resume", "latest", "And then?").code == 0
    ((*_, answer),) = program.talks()
    assert answer.provenance is not None
    assert answer.provenance.mode == "legal*0.5"


def test_a_conversation_whose_mode_is_gone_says_so_and_goes_on_in_another_when_told(
    program: Program,
) -> None:
    begun(program, mode="pirate")
    refused = program.ask("--resume", "latest", "Ahoy?")
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert "this conversation's mode is gone" in refused.err
    assert "'pirate'" in refused.err
    assert "name another mode" in refused.err
    assert len(program.talks()[0]) == 2
    assert program.ask("--resume", "latest", "-m", "base", "Ahoy?").code == 0
    assert only_talk(program).mode == "base"


def test_answers_of_another_model_are_told_once_and_gone_on_with(program: Program) -> None:
    begun(program, model="other.gguf")
    said = program.ask("--resume", "latest", "What is my name?")
    assert said.code == 0
    assert said.err.count("earlier answers here were written by other.gguf; ") == 1
    assert len(program.talks()[0]) == 4


def test_answers_of_this_model_need_no_word(program: Program) -> None:
    assert program.ask("hi").code == 0
    assert "earlier answers" not in program.ask("--resume", "latest", "again").err


@pytest.mark.parametrize(
    ("ref", "said"),
    [("latest", "there is no conversation yet"), ("12ab", "no conversation '12ab'")],
)
def test_what_is_not_there_cannot_be_gone_on_with(program: Program, ref: str, said: str) -> None:
    refused = program.ask("--resume", ref, "hi")
    assert [refused.code, refused.out] == [2, ""]
    assert said in refused.err
    assert program.run("--resume", ref).code == 2


def test_a_deleted_conversation_says_how_to_bring_it_back(program: Program) -> None:
    talk = begun(program)
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        store.delete(talk.id)
    refused = program.ask("--resume", talk.id, "hi")
    assert refused.code == 2
    assert "tui data undelete" in refused.err


def test_a_conversation_that_another_program_is_answering_is_left_to_it(program: Program) -> None:
    with closing(Store.open(program.data / "conversations.sqlite3")) as store:
        talk = store.create()
        asked = store.add_question(talk.id, None, "wait")
        store.begin_answer(talk.id, asked.id, Provenance("m", None, "base", "1"))
        refused = program.ask("--resume", talk.id, "hi")
        assert [refused.code, refused.out] == [1, ""]
        assert "is being answered by another program" in refused.err
        assert len(store.path(str(store.get(talk.id).head))) == 2


def test_going_on_and_keeping_nothing_exclude_each_other(program: Program) -> None:
    refused = program.ask("--resume", "latest", "--no-save", "hi")
    assert refused.code == 2
    assert "leave one out" in refused.err
