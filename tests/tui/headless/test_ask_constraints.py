"""``tui ask`` held to a grammar, a schema or a bias, and refused when it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tui.program import Program


def written(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content)
    return str(folder / name)


def test_an_answer_follows_a_grammar_file_and_what_held_it_is_kept(program: Program, tmp_path: Path) -> None:
    grammar = 'root ::= "yes" | "no"\n'
    file = written(tmp_path, "answer.gbnf", grammar)
    said = program.ask("--grammar", file, "--json", "Is the sky blue?")
    assert [said.code, said.err] == [0, ""]
    found = json.loads(said.out)
    assert found["text"] in ("yes", "no")
    assert found["constraints"] == {"grammar": grammar}
    ((_, answer),) = program.talks()
    assert answer.provenance is not None
    assert answer.provenance.constraints == {"grammar": grammar}


def test_an_answer_follows_a_schema_file_and_what_cannot_be_enforced_is_told(
    program: Program, tmp_path: Path
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5}}, "required": ["n"]}
    file = written(tmp_path, "schema.json", json.dumps(schema))
    said = program.run("ask", "--json-schema", file, "--temperature", "0", "A number, please.")
    assert said.code == 0
    assert isinstance(json.loads(said.out)["n"], int)
    assert "not enforced, check it yourself: minimum" in said.err


def test_biases_may_be_repeated(program: Program) -> None:
    said = program.ask("--logit-bias", "yes=100", "--logit-bias", "0=-100", "hi")
    assert [said.code, said.out] == [0, "yes" * 6 + "\n"]


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--grammar", "answer ::= 1", "has to be GBNF"),
        ("--grammar", "", "is empty"),
        ("--json-schema", "{", "is not JSON"),
        ("--json-schema", '{"type": "nonsense"}', "the JSON schema cannot be used"),
    ],
)
def test_a_bad_file_is_2_and_nothing_is_put_on_record(
    program: Program, tmp_path: Path, option: str, content: str, said: str
) -> None:
    refused = program.ask(option, written(tmp_path, "file", content), "hi")
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert said in refused.err
    assert program.talks() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--grammar", "/nowhere/x.gbnf"), "/nowhere/x.gbnf cannot be read (No such file or directory)"),
        (("--json-schema", "/nowhere/x.json"), "/nowhere/x.json cannot be read"),
        (("--logit-bias", "yes"), "expected TOKEN=VALUE"),
        (("--logit-bias", "two words=1"), "a text that is one token"),
        (("--logit-bias", "99999999=1"), "there is no token 99999999"),
        (("--thinking-budget", "0"), "--thinking-budget"),
    ],
)
def test_a_bad_constraint_is_2_and_says_what_would_be_right(
    program: Program, arguments: tuple[str, ...], said: str
) -> None:
    refused = program.ask(*arguments, "hi")
    assert [refused.code, refused.out, refused.traceback] == [2, "", False]
    assert said in refused.err
    assert program.talks() == []


def test_a_grammar_and_a_schema_at_once_are_2(program: Program, tmp_path: Path) -> None:
    grammar = written(tmp_path, "a.gbnf", 'root ::= "a"')
    schema = written(tmp_path, "a.json", "{}")
    refused = program.ask("--grammar", grammar, "--json-schema", schema, "hi")
    assert refused.code == 2
    assert "give one of them" in refused.err
