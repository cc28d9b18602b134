"""Questions, grammars, schemas and biases as they are given, and what is no such thing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tui.headless.inputs import BadInput, not_held, parse_bias, read_grammar, read_question, read_schema


@pytest.mark.parametrize(
    ("prompt", "piped", "question"),
    [
        ("Why?", None, "Why?"),
        (" Why? \n", b"", "Why?"),
        ("Why?", b"The sky is green.\n", "The sky is green.\n\nWhy?"),
        ("-", b"All of it\n", "All of it"),
        (None, b"All of it\n", "All of it"),
        (None, "ᏣᎳᎩ".encode(), "ᏣᎳᎩ"),
    ],
)
def test_standard_input_stands_before_the_prompt_as_context(
    prompt: str | None, piped: bytes | None, question: str
) -> None:
    assert read_question(prompt, None if piped is None else io.BytesIO(piped)) == question


@pytest.mark.parametrize(("prompt", "piped"), [(None, None), (None, b" \n"), ("-", b""), (" ", None)])
def test_nothing_is_no_question(prompt: str | None, piped: bytes | None) -> None:
    with pytest.raises(BadInput, match="no question: give it as an argument or on standard input"):
        read_question(prompt, None if piped is None else io.BytesIO(piped))


@pytest.mark.parametrize(
    ("text", "bias"),
    [
        ("198=-100", (198, -100.0)),
        ("yes=5", ("yes", 5.0)),
        (" yes=5", (" yes", 5.0)),
        ("==0.5", ("=", 0.5)),
        ('"7"=1', ("7", 1.0)),
        ('"=1', ('"', 1.0)),
        ("ᏣᎳ=1e1", ("ᏣᎳ", 10.0)),
    ],
)
def test_a_bias_is_a_tokens_number_or_its_text_and_a_number(text: str, bias: tuple[int | str, float]) -> None:
    assert parse_bias(text) == bias


@pytest.mark.parametrize("text", ["", "yes", "yes=", "=5", "yes=much", "yes=nan", "yes=inf"])
def test_what_is_no_bias_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="198=-100") as refused:
        parse_bias(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize("read", [read_grammar, read_schema])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, read: object) -> None:
    assert callable(read)
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    for name, said in (("none", "No such file"), (".", "Is a directory"), ("latin", "save it as UTF-8")):
        with pytest.raises(BadInput, match=said) as refused:
            read(tmp_path / name)
        assert str(tmp_path / name) in str(refused.value)


def test_an_empty_grammar_is_refused_with_an_example(tmp_path: Path) -> None:
    (tmp_path / "empty.gbnf").write_text(" \n")
    with pytest.raises(BadInput, match="root ::="):
        read_grammar(tmp_path / "empty.gbnf")


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ("[]", "no JSON object"), ("3", "no JSON object"), ("[" * 100_000, "not JSON")],
)
def test_what_is_no_schema_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "schema.json").write_text(content)
    with pytest.raises(BadInput, match=said):
        read_schema(tmp_path / "schema.json")


def test_keywords_that_no_grammar_can_hold_to_are_found_and_names_like_them_are_not() -> None:
    schema = {
        "properties": {
            "minimum": {"type": "integer", "minimum": 3},
            "tags": {"items": {"anyOf": [{"not": {}}]}, "uniqueItems": True},
            "kind": {"enum": ["maximum"], "default": {"multipleOf": 1}},
        }
    }
    assert not_held(json.dumps(schema)) == ["minimum", "not", "uniqueItems"]
    assert not_held('{"type": "object", "properties": {"not": {}}}') == []
