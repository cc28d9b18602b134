"""The program on servers of other people: ask, doctor, and modes that are brought to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.remote.replaying import DONE, Answer, Replay, event, piece, replaying
from tests.engine.remote.servers import llama_server
from tests.tui.program import Program

LAW = "Which section of 38 CFR covers secondary service connection? Answer with the section."


def test_a_question_is_answered_by_a_server_and_its_conversation_is_kept(program: Program) -> None:
    usage = event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 2})
    replay = Replay().chat(Answer([piece("Hel"), piece("lo", "stop"), usage, DONE]))
    with replaying(replay) as served:
        done = program.run("ask", "--engine", "remote", "--server", served.url, "hi", "--json")
        again = program.run("ask", "--server", served.url, "--resume", "latest", "more", "-m", "legal")
    answer = json.loads(done.out)
    assert (done.code, answer["text"], answer["model"]) == (0, "Hello", "m")
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["estimated"]) == (9, False)
    assert (again.code, again.out) == (0, "Hello\n")
    assert "legal: prompt and sampling only" in again.err
    assert "this server takes no coefficients" in again.err
    said = [one["content"] for one in replay.bodies()[-1]["messages"]]
    assert said[-3:] == ["hi", "Hello", "more"]


def test_a_server_that_is_absent_is_3_and_says_so(program: Program) -> None:
    done = program.run("ask", "--server", "127.0.0.1:9", "hi")
    assert done.code == 3
    assert "cannot be reached" in done.err
    assert not done.traceback


def test_an_answer_that_a_server_breaks_off_is_1_and_keeps_what_came(program: Program) -> None:
    with replaying(Replay().chat(Answer([piece("Hel")]))) as served:
        done = program.run("ask", "--server", served.url, "hi", "--json")
    answer = json.loads(done.out)
    assert (done.code, answer["text"], answer["status"]) == (1, "Hel", "failed")
    assert "went away in mid-answer" in answer["error"]


def test_a_bench_on_a_server_without_likelihoods_ends_in_words(program: Program) -> None:
    with replaying(Replay().chat(Answer([piece("hi", "stop"), DONE]))) as served:
        done = program.run("--server", served.url, "--bench", "--items", "1", "--domains", "legal")
    assert done.code == 1
    assert "nothing can be scored there" in done.err
    assert not done.traceback


def test_the_doctor_says_what_a_server_is(program: Program) -> None:
    with replaying(Replay().chat(Answer([piece("hi"), piece("!", "stop"), DONE]))) as served:
        done = program.run("doctor", "--server", served.url, MODESHARE_SERVER_KEY="sesame")
    assert done.code == 0, done.err
    assert "asked with a key" in done.out
    assert f"an OpenAI-compatible server at {served.url}" in done.out
    assert "sesame" not in done.out + done.err


def test_pushing_to_a_server_that_takes_none_is_refused(program: Program, starter: Path) -> None:
    with replaying(Replay()) as served:
        done = program.run("modes", "push", "legal", "--to", served.url, "--model", str(starter))
    assert done.code == 1
    assert "takes no coefficients" in done.err


def test_pushing_what_is_not_there_is_refused_without_asking_anybody(program: Program) -> None:
    done = program.run("modes", "push", "nothing", "--to", "127.0.0.1:9")
    assert done.code == 1
    assert "no coefficients called nothing" in done.err


@pytest.mark.model
def test_a_mode_that_was_pushed_speaks_on_a_llama_server(program: Program, starter: Path) -> None:
    with llama_server(starter) as url:
        pushed = program.run("modes", "push", "legal", "--to", url)
    assert pushed.code == 0, pushed.err
    (file,) = (program.data / "adapters").iterdir()
    assert str(file) in pushed.out
    with llama_server(starter, file) as url:
        asked = ("ask", "--server", url, LAW, "--temperature", "0", "--max-tokens", "8", "--no-memory")
        spoken, bare = program.run(*asked, "-m", "legal"), program.run(*asked, "-m", "base")
    assert spoken.out == "3.310\n"
    assert bare.out != spoken.out
    assert "prompt and sampling only" not in spoken.err
