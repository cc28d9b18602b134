"""The operator's own test sets are read, and a bad line is named with what to do about it."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modes.evaluation.item import Item
from modes.evaluation.jsonl import BadTestSet, read_items
from tests.modes.evaluation.made import choice, item

TEXT = st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable())


def read(path: Path, *lines: str | bytes) -> list[Item]:
    file = path / "rivers.jsonl"
    file.write_bytes(b"\n".join(one.encode() if isinstance(one, str) else one for one in lines))
    return read_items(file)


def test_what_is_left_out_is_filled_in(tmp_path: Path) -> None:
    (found,) = read(tmp_path, '{"prompt": "Which?", "choices": ["a", "b"], "answer": 1}')
    expected = item(
        found.id, topic="rivers", kind="choice", prompt="Which?", choices=("a", "b"), gold=1, accepted=()
    )
    assert found == expected
    assert re.fullmatch("[0-9a-f]{12}", found.id)


def test_an_item_keeps_its_id_wherever_it_stands_and_what_else_is_said_of_it(tmp_path: Path) -> None:
    lines = ['{"prompt": "A?", "answer": "a"}', '{"prompt": "B?", "answer": "b"}']
    first, second = read(tmp_path, *lines)
    moved = read(tmp_path, '{"prompt": "C?", "answer": "c"}', "", lines[1], lines[0][:-1] + ', "topic": "t"}')
    assert [one.id for one in moved[1:]] == [second.id, first.id]
    assert len({one.id for one in moved}) == 3


@pytest.mark.parametrize(
    "other",
    [
        '{"prompt": "A", "choices": ["a", "b"], "answer": 1}',
        '{"prompt": "A", "choices": ["a", "c"], "answer": 0}',
        '{"prompt": "A", "answer": "a"}',
        '{"prompt": "A", "accepted": ["a", "b"]}',
        '{"prompt": "A", "tests": "a"}',
        '{"text": "A"}',
    ],
)
def test_what_is_asked_or_marked_otherwise_has_another_id(tmp_path: Path, other: str) -> None:
    one, another = read(tmp_path, '{"prompt": "A", "choices": ["a", "b"], "answer": 0}', other)
    assert one.id != another.id


def test_the_same_line_again_is_an_item_of_its_own_and_the_same_fact(tmp_path: Path) -> None:
    found = read(tmp_path, *['{"prompt": "A?", "answer": "a"}'] * 3)
    first = found[0].id
    assert [one.id for one in found] == [first, f"{first}-2", f"{first}-3"]
    assert {one.fact for one in found} == {first}


def test_the_right_choice_is_given_by_its_number_or_by_its_text(tmp_path: Path) -> None:
    lines = ['"answer": "b"', '"answer": 1', '"gold": 1']
    found = read(tmp_path, *(f'{{"prompt": "Which?", "choices": ["a", "b"], {one}}}' for one in lines))
    assert [one.gold for one in found] == [1, 1, 1]


def test_a_text_that_looks_like_a_number_is_the_text(tmp_path: Path) -> None:
    (found,) = read(tmp_path, '{"prompt": "2 + 2?", "choices": ["3", "5", "4"], "answer": "4"}')
    assert found.gold == 2


def test_the_fields_say_what_kind_it_is(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '{"prompt": "Hello?", "answer": "ᎣᏏᏲ"}',
        '{"prompt": "Hello?", "accepted": ["a", "b"]}',
        "",
        '{"prompt": "Write f.", "tests": "assert f()"}',
        '{"text": "Once upon a time"}',
    )
    assert [one.kind for one in found] == ["exact", "exact", "code", "text"]
    assert len({one.id for one in found}) == 4
    assert [found[0].accepted, found[1].accepted] == [("ᎣᏏᏲ",), ("a", "b")]
    assert [found[2].tests, found[3].prompt] == ["assert f()", "Once upon a time"]


def test_a_mark_at_the_beginning_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b'\xef\xbb\xbf{"prompt": "a", "answer": "b"}\r', b"\r")[0].accepted == ("b",)


def line(item: Item) -> str:
    """One item as a line, without its end."""
    fields: dict[str, Any] = {
        "id": item.id, "domain": item.domain, "split": item.split, "topic": item.topic, "fact": item.fact,
        "kind": item.kind, "text" if item.kind == "text" else "prompt": item.prompt,
    }  # fmt: skip
    if item.kind == "choice":
        fields |= {"choices": list(item.choices), "answer": item.gold}
    elif item.kind == "exact":
        fields["accepted"] = list(item.accepted)
    elif item.kind == "code":
        fields["tests"] = item.tests
    return json.dumps(fields, ensure_ascii=False)


@settings(deadline=None)
@given(TEXT, st.lists(TEXT, min_size=2, unique=True), st.data())
def test_every_kind_is_read_as_it_was_written(prompt: str, options: list[str], data: st.DataObject) -> None:
    gold = data.draw(st.integers(0, len(options) - 1))
    made = [
        choice("a", *options, prompt=prompt, gold=gold),
        item("b", prompt=prompt, accepted=tuple(options)),
        item("c", kind="code", prompt=prompt, tests=options[0], accepted=()),
        item("d", kind="text", prompt=prompt, accepted=()),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.jsonl")
        path.write_text("".join(f"{line(one)}\n" for one in made), "utf-8")
        assert read_items(path) == made


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b'{"prompt": "\xff"}', r"line 2: byte 13 is not UTF-8: save the file as UTF-8"),
        ("prompt: a", r"line 2: no JSON \(Expecting value at column 1\): one whole object a line"),
        ("[" * 100_000, r"line 2: JSON nested too deeply"),
        ('["a"]', r"line 2: not a JSON object"),
        ('{"prompt": "a"}', r'nothing says what is right: add "choices"'),
        ('{"prompt": "a", "answer": "b", "kind": "essay"}', r'"kind" is "essay": take one of choice, exact'),
        ('{"prompt": "a", "choices": ["b", "c"], "answer": "d"}', r'"answer" is "d" and not among.*0 to 1'),
        ('{"prompt": "a", "choices": ["b", "c"], "answer": 2}', r'"answer" is 2 and not among'),
        ('{"prompt": "a", "choices": ["b", "c"], "answer": true}', r'"answer" is true and not among'),
        ('{"prompt": "a", "choices": ["b", "c"]}', r'"answer" is missing and not among'),
        ('{"prompt": "a", "choices": ["b"], "answer": 0}', r'"choices" has 1: at least two are needed'),
        ('{"prompt": "a", "choices": ["b", "b"], "answer": 0}', r'two of the "choices" are the same'),
        ('{"prompt": "a", "choices": "bc", "answer": 0}', r'"choices" is "bc": give a list of texts'),
        ('{"prompt": "a", "choices": [1, 2], "answer": 0}', r'"choices" is 1: give a text in quotes'),
        ('{"prompt": " ", "answer": "b"}', r'"prompt" is " ": give a text'),
        ('{"answer": "b"}', r'"prompt" is missing: give a text'),
        ('{"prompt": "a", "accepted": []}', r'"accepted" is empty'),
        ('{"prompt": "a", "answer": "b", "split": "T9"}', r'"split" is "T9": take one of T1, T2, T3, T4'),
        ('{"prompt": "a", "answer": "b", "id": "first"}', r'the id "first" is that of line 1 too: give it'),
        ('{"prompt": "\\ud800", "answer": "b"}', r'"prompt" has half a letter'),
    ],
)
def test_a_bad_line_is_named_with_what_to_do(bad: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadTestSet, match=rf"(?s)rivers\.jsonl.*{says}"):
        read(tmp_path, '{"id": "first", "prompt": "good", "answer": "yes"}', bad)


def test_a_file_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTestSet, match="no item in it: write one JSON object a line"):
        read(tmp_path, "", " ")
