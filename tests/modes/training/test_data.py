"""What can be learned from is read whole; what cannot says which line, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import Message
from modes.evaluation.item import Example
from modes.training.data import BadData, Sample, digest, divided, from_examples, in_prompt, read_chat

PAIR = {"prompt": "Who?", "completion": "Me."}
TURNS = {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chat.jsonl"


def wrote(file: Path, *lines: object) -> Path:
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return file


def refusal(file: Path) -> str:
    with pytest.raises(BadData) as raised:
        read_chat(file)
    return str(raised.value).replace(str(file), "FILE")


def test_both_ways_to_write_a_conversation_are_the_same_one(file: Path) -> None:
    assert read_chat(wrote(file, PAIR)) == read_chat(wrote(file, TURNS))


def test_every_answer_is_a_sample_after_what_came_before_it(file: Path) -> None:
    turns = [*TURNS["messages"], {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    first, second = read_chat(wrote(file, {"messages": turns}))
    assert [first.answer, second.answer] == ["Me.", "So."]
    assert [one.content for one in second.messages] == ["Who?", "Me.", "Why?"]
    assert first.where == f"{file}, line 1"


def test_what_is_there_twice_counts_once(file: Path) -> None:
    other = {"prompt": "Else?", "completion": "No."}
    assert [one.answer for one in read_chat(wrote(file, PAIR, other, PAIR))] == ["Me.", "No."]


def test_blank_lines_are_no_conversations_but_are_counted(file: Path) -> None:
    file.write_text(f"\n{json.dumps(PAIR)}\n\n{{\n")
    assert refusal(file).startswith("FILE, line 4: not JSON")


def test_a_line_separator_inside_a_text_does_not_end_the_line(file: Path) -> None:
    written = {"prompt": "Who\u2028or\x85what?", "completion": "Me."}
    file.write_text(json.dumps(written, ensure_ascii=False) + "\n", "utf-8")
    assert read_chat(file)[0].messages[0].content == written["prompt"]


def test_a_file_that_begins_with_a_byte_order_mark_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(PAIR).encode())
    assert len(read_chat(file)) == 1


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_says_what_is_needed(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert refusal(file) == "FILE has no conversation in it: one JSON object a line is needed"


def test_a_file_that_is_not_there_says_so(file: Path) -> None:
    assert refusal(file) == "FILE cannot be read (No such file or directory)"


def test_bytes_that_are_not_utf8_are_named_with_their_line(file: Path) -> None:
    file.write_bytes(json.dumps(PAIR).encode() + b'\n{"prompt": "caf\xe9"}')
    assert refusal(file) == "FILE, line 2: not UTF-8 (byte 55): save it as UTF-8"


def test_the_same_conversation_over_and_over_is_nothing_to_learn_from(file: Path) -> None:
    assert (
        refusal(wrote(file, PAIR, PAIR, PAIR))
        == "FILE: all 3 conversations are the same one: nothing to generalise from"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([1], 'needs "messages" (a list of turns), or "prompt" and "completion"'),
        ({"prompt": "Who?"}, 'needs "messages" (a list of turns), or "prompt" and "completion"'),
        ({"messages": []}, 'needs "messages" (a list of turns), or "prompt" and "completion"'),
        ({"messages": ["hello"]}, '"role" has to be one of system, user, assistant, not None'),
        (
            {"messages": [{"role": "robot", "content": "x"}]},
            "\"role\" has to be one of system, user, assistant, not 'robot'",
        ),
        (
            {"messages": [{"role": ["user"], "content": "x"}]},
            "\"role\" has to be one of system, user, assistant, not ['user']",
        ),
        ({"prompt": "Who?", "completion": 7}, 'message 2: "content" has to be a text, not int'),
        (
            {"prompt": "Who?", "completion": "\ud83d"},
            'message 2: "content" has half of a surrogate pair in it, which is no letter',
        ),
        ({"messages": TURNS["messages"][:1]}, "no answer of an assistant to learn from"),
        ({"prompt": "Who?", "completion": " "}, "no answer of an assistant to learn from"),
        (
            {"messages": TURNS["messages"][1:]},
            "the conversation has to begin with a user's message",
        ),
    ],
)
def test_each_wrong_line_is_named_with_what_is_wrong(file: Path, line: object, said: str) -> None:
    refused = refusal(wrote(file, PAIR, line))
    assert refused.startswith("FILE, line 2")
    assert refused.endswith(said)


def test_json_nested_beyond_measure_is_refused(file: Path) -> None:
    file.write_text("[" * 200_000)
    assert refusal(file).startswith("FILE, line 1: not JSON")


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_samples_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.jsonl"
    file.write_bytes(content)
    try:
        assert read_chat(file)
    except BadData as error:
        assert str(file) in str(error)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "role", "content", "prompt", "completion"]), inner, max_size=3
        )
    ),
)


@settings(max_examples=50, deadline=None)
@given(json_values)
def test_any_json_is_samples_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    file = tmp_path_factory.getbasetemp() / "any.jsonl"
    try:
        assert read_chat(wrote(file, value))
    except BadData as error:
        assert str(file) in str(error)


def asked(question: str, answer: str = "yes", system: str = "") -> Sample:
    before = (Message("system", system),) if system else ()
    return Sample((*before, Message("user", question)), answer, "here")


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(min_size=1, max_size=4), min_size=2, max_size=40), st.integers(0, 5))
def test_a_question_is_trained_or_kept_never_both(questions: set[str], seed: int) -> None:
    whole = [asked(one, answer, system) for one in questions for answer in "ab" for system in ("", "s")]
    trained, kept = divided(whole, seed)
    sides = [{one.messages[-1].content for one in side} for side in (trained, kept)]
    assert sides[0].isdisjoint(sides[1])
    assert sides[0] | sides[1] == questions
    assert all(sides)
    assert (trained, kept) == divided(whole, seed)


def talk(first: str) -> list[Sample]:
    """A conversation of three answers, as it is read from a line."""
    turns = [
        Message("system", "s"),
        *(
            message
            for at in range(3)
            for message in (Message("user", f"{first}{at}"), Message("assistant", "a"))
        ),
    ]
    return [Sample(tuple(turns[:at]), "a", first) for at in (2, 4, 6)]


@given(st.integers(2, 30), st.integers(0, 5))
def test_the_turns_of_a_conversation_stay_on_one_side(count: int, seed: int) -> None:
    talks = [talk(f"talk {at} ") for at in range(count)]
    trained, kept = divided([one for whole in talks for one in whole], seed)
    sides = [{one.where for one in side} for side in (trained, kept)]
    assert sides[0].isdisjoint(sides[1])
    assert len(sides[0] | sides[1]) == count


def test_single_questions_are_divided_as_they_always_were() -> None:
    whole = [asked(f"Question {at}?", system=system) for at in range(40) for system in ("", "s")]
    trained, kept = divided(whole, 3)
    assert (len(trained), len(kept)) == (72, 8)
    assert {one.messages[-1].content for one in kept} == {f"Question {at}?" for at in (12, 14, 22, 26)}


def test_one_question_cannot_be_divided() -> None:
    with pytest.raises(BadData, match="a single question cannot be divided"):
        divided([asked("Who?", "a"), asked("Who?", "b", "system")], 0)


def test_the_digest_is_of_everything_and_of_its_order() -> None:
    a, b = asked("a"), asked("b")
    assert (
        len({digest(one) for one in ([a, b], [b, a], [a], [asked("a", "no")], [asked("a", system="s")])}) == 5
    )


def test_examples_become_samples_in_the_modes_prompt_and_without_it() -> None:
    found = from_examples([Example("Who?", "Me.", "t", "f"), Example("Who?", "Me.", "t", "g")], "domain x")
    assert found == [Sample((Message("user", "Who?"),), "Me.", "domain x")]
    plain, prompted = in_prompt(found, "Be brief.")
    assert plain == found[0]
    assert prompted.messages == (Message("system", "Be brief."), Message("user", "Who?"))
    assert in_prompt([prompted], "Be long.") == [prompted], "one with a prompt of its own keeps it"
    assert in_prompt(found, "") == found


def test_a_domain_without_examples_says_what_to_do() -> None:
    with pytest.raises(BadData, match=r"domain x has no examples to learn from: give a file \(--data\)"):
        from_examples([], "domain x")
