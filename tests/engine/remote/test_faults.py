"""Bad days: what a server may do wrong, each of which is an error in words, or no error at all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.contract import (
    EngineError,
    GenerationFailed,
    LoadCancelled,
    Message,
    ModelUnusable,
    NotOffered,
    PromptTooLong,
    Request,
)
from engine.remote import streaming, wire
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.llama.answers import ask, gather, request
from tests.engine.remote.conftest import Replayed
from tests.engine.remote.replaying import DONE, Answer, Replay, Silence, event, piece, replaying, said

GOOD = Answer([piece("Hel"), piece("lo", "stop"), DONE])
#: Seconds for a server to see that nobody listens, on a busy machine; an answer here would take 30.
PATIENCE = 20
HTML = said("<html><body>Welcome to nginx</body></html>", kind="text/html; charset=utf-8")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (wire, streaming):
        monkeypatch.setattr(module, "TRIES", (0.01, 0.01))


def refused(replayed: Replayed, *answers: Answer) -> str:
    engine, _ = replayed(*answers)
    with pytest.raises(EngineError) as error:
        ask(engine, "hi")
    return str(error.value)


def opened(replay: Replay, **options: object) -> str:
    """What is said of a server that cannot be used."""
    with replaying(replay) as served, pytest.raises(ModelUnusable) as error:
        RemoteEngine(served.url, RemoteOptions(**options), lambda _fraction: True)  # type: ignore[arg-type]
    return str(error.value)


class TestAtTheStart:
    def test_a_server_that_is_absent_is_named(self) -> None:
        with pytest.raises(ModelUnusable, match=r"127\.0\.0\.1:9 cannot be reached: is the server running"):
            RemoteEngine("127.0.0.1:9", RemoteOptions(), lambda _fraction: True)

    def test_a_page_in_html_is_no_server(self) -> None:
        assert "answers with text/html" in opened(Replay({"/v1/models": [HTML]}))

    def test_json_that_is_something_else_is_no_server(self) -> None:
        assert "is this its address?" in opened(Replay({"/v1/models": [said('{"hello": 1}')]}))

    @pytest.mark.parametrize("data", ["3", '"m"', "null", '[{"name": "m"}]', "[3]"])
    def test_a_list_of_models_of_another_shape_is_told(self, data: str) -> None:
        assert "127.0.0.1" in opened(Replay({"/v1/models": [said(f'{{"data": {data}}}')]}))

    def test_a_model_that_is_not_there_is_told_with_those_that_are(self) -> None:
        assert "has no model other (it has: m)" in opened(Replay(), model="other")

    def test_of_several_models_one_has_to_be_named(self) -> None:
        two = said('{"data": [{"id": "a"}, {"id": "b"}]}')
        assert "a, b; set server_model" in opened(Replay({"/v1/models": [two]}))

    def test_a_wrong_key_is_told_with_where_to_put_the_right_one(self) -> None:
        no = said('{"error": {"message": "bad key"}}', 401)
        assert "MODESHARE_SERVER_KEY" in opened(Replay({"/v1/models": [no]}), key="wrong")

    def test_a_server_that_is_loading_its_model_is_waited_for(self, replayed: Replayed) -> None:
        loading = said('{"error": {"message": "Loading model", "code": 503}}', 503)
        models = said('{"data": [{"id": "m"}]}')
        engine, _ = replayed(GOOD, replay=Replay({"/v1/models": [loading, loading, models]}))
        assert engine.info.name == "m"

    def test_waiting_for_a_server_can_be_given_up(self) -> None:
        loading = said("{}", 503)
        with replaying(Replay({"/v1/models": [loading]})) as served, pytest.raises(LoadCancelled):
            RemoteEngine(served.url, RemoteOptions(), lambda _fraction: False)

    def test_a_server_that_says_nothing_at_all_can_be_given_up_too(self) -> None:
        began, mute = time.monotonic(), Answer([Silence(PATIENCE)])
        with replaying(Replay({"/v1/models": [mute]})) as served, pytest.raises(LoadCancelled):
            RemoteEngine(served.url, RemoteOptions(), lambda _fraction: time.monotonic() < began + 0.5)
        assert time.monotonic() < began + PATIENCE / 2

    def test_a_base_that_is_no_model_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "base.gguf").write_text("nothing")
        assert "server_base" in opened(Replay(), base=tmp_path / "base.gguf")


class TestInAnAnswer:
    def test_dying_in_mid_answer_keeps_what_came_and_says_so(self, replayed: Replayed) -> None:
        engine, replay = replayed(Answer([piece("Hel")]))
        stream = engine.generate(request("hi"))
        assert next(stream).text == "Hel"
        with pytest.raises(GenerationFailed, match="went away in mid-answer"):
            list(stream)
        assert len(replay.bodies()) == 1, "what was begun is not asked again"

    def test_a_connection_that_breaks_in_mid_answer_is_told(self, replayed: Replayed) -> None:
        assert "broke off the connection" in refused(replayed, Answer([piece("Hel"), None]))

    @pytest.mark.parametrize("rest", [b"", b'data: {"choices": [], "us'])
    @pytest.mark.parametrize("text", ["lo", ""])
    def test_a_connection_that_breaks_after_the_last_word_spoils_nothing(
        self, replayed: Replayed, text: str, rest: bytes
    ) -> None:
        engine, replay = replayed(Answer([piece(text, "stop") + rest, None]))
        answer = ask(engine, "hi")
        assert (answer.text, answer.done) == (text, "stop")
        assert len(replay.bodies()) == 1

    def test_an_error_in_mid_answer_is_told_in_the_servers_words(self, replayed: Replayed) -> None:
        broken = Answer([piece("Hel"), event(error={"message": "out of memory", "code": 500})])
        assert "failed in mid-answer: out of memory" in refused(replayed, broken)

    def test_the_older_way_of_telling_an_error_is_understood(self, replayed: Replayed) -> None:
        broken = Answer([piece("Hel"), b'error: {"error": {"message": "slot unavailable"}}\n\n'])
        assert "slot unavailable" in refused(replayed, broken)

    def test_html_in_place_of_an_answer_is_told(self, replayed: Replayed) -> None:
        assert "answers with text/html" in refused(replayed, HTML)

    def test_an_html_error_is_told_without_the_page(self, replayed: Replayed) -> None:
        told = refused(replayed, said("<html>Bad gateway</html>", 500, "text/html"))
        assert "failed (500): see its own log" in told

    def test_json_that_is_broken_is_told(self, replayed: Replayed) -> None:
        assert "broke the protocol" in refused(replayed, Answer([b'data: {"choices": [\n\n']))

    def test_json_of_another_shape_is_told_or_passed_over(self, replayed: Replayed) -> None:
        odd = [b'data: {"choices": 3}\n\n', b'data: {"choices": [{"delta": {"content": {"a": 1}}}]}\n\n']
        engine, _ = replayed(Answer([*odd, piece("fine", "stop"), DONE]))
        assert ask(engine, "hi").text == "fine"
        assert "holds no answer" in refused(replayed, said('{"hello": 1}'))

    def test_an_error_that_is_none_is_none(self, replayed: Replayed) -> None:
        chunks = [
            piece("Hel"),
            event(choices=[{"delta": {"content": "lo"}, "finish_reason": "stop"}], error=None),
        ]
        engine, _ = replayed(Answer([*chunks, DONE]))
        assert ask(engine, "hi").text == "Hello"

    def test_json_nested_without_end_is_told(self, replayed: Replayed) -> None:
        assert "broke the protocol" in refused(replayed, Answer([b"data: " + b"[" * 200_000 + b"\n\n"]))
        assert "failed (500)" in refused(replayed, said("[" * 200_000, 500))

    def test_half_a_letter_at_the_end_leaves_the_whole_ones(self, replayed: Replayed) -> None:
        letters = piece("Ꮳ\U0001f600").replace(b"\\ude00", b"") + event(
            choices=[{"delta": {}, "finish_reason": "stop"}]
        )
        engine, _ = replayed(Answer([letters, DONE]))
        assert ask(engine, "hi").text == "Ꮳ"

    def test_a_letter_in_two_events_is_one(self, replayed: Replayed) -> None:
        halves = [piece("\ud83d"), piece("\ude00", "stop")]
        engine, _ = replayed(Answer([*halves, DONE]))
        assert ask(engine, "hi").text == "\U0001f600"

    def test_bytes_that_come_one_by_one_make_the_same_answer(self, replayed: Replayed) -> None:
        raw = b"".join(step for step in GOOD.script if isinstance(step, bytes))
        engine, _ = replayed(Answer([bytes([one]) for one in raw]))
        assert ask(engine, "hi").text == "Hello"

    def test_without_usage_the_tokens_are_a_guess_that_says_so(self, replayed: Replayed) -> None:
        engine, _ = replayed(GOOD)
        usage = ask(engine, "hi").usage
        assert usage.estimated
        assert usage.prompt_tokens > 0
        assert usage.decode_tokens == 1

    @pytest.mark.parametrize("place", ["apart", "in the last piece", "in every piece"])
    def test_usage_is_found_wherever_it_stands(self, replayed: Replayed, place: str) -> None:
        usage = {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
        last = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
        script = {
            "apart": [piece("a"), event(**last), event(choices=[], usage=usage)],
            "in the last piece": [piece("a"), event(**last, usage=usage)],
            "in every piece": [
                event(choices=[{"delta": {"content": "a"}}], usage={**usage, "completion_tokens": 1}),
                event(**last, usage=usage),
            ],
        }[place]
        engine, _ = replayed(Answer([*script, DONE]))
        found = ask(engine, "hi").usage
        assert (found.prompt_tokens, found.cached_tokens, found.decode_tokens) == (9, 4, 4)
        assert not found.estimated

    @pytest.mark.parametrize(("tokens", "done"), [(16, "length"), (4087, "context")])
    def test_a_limit_of_the_servers_own_is_not_taken_for_a_full_context(
        self, replayed: Replayed, tokens: int, done: str
    ) -> None:
        models = said('{"data": [{"id": "m", "max_model_len": 4096}]}')
        usage = {"prompt_tokens": 9, "completion_tokens": tokens}
        cut = Answer([piece("Hel", "length"), event(choices=[], usage=usage), DONE])
        engine, _ = replayed(cut, replay=Replay({"/v1/models": [models]}))
        assert ask(engine, "hi", max_tokens=None).done == done

    def test_a_server_that_knows_no_streams_is_understood(self, replayed: Replayed) -> None:
        whole = '{"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}'
        engine, _ = replayed(said(whole))
        assert ask(engine, "hi").text == "Hello"

    @pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
    def test_thinking_is_apart_whatever_it_is_called(self, replayed: Replayed, name: str) -> None:
        engine, _ = replayed(Answer([piece("", **{name: "hm"}), piece("yes", "stop"), DONE]))
        answer = ask(engine, "hi")
        assert ("".join(one.thinking for one in answer.chunks), answer.text) == ("hm", "yes")

    def test_thinking_in_tags_is_apart_too(self, replayed: Replayed) -> None:
        engine, _ = replayed(Answer([piece("<thi"), piece("nk>hm</think>"), piece("\nyes", "stop"), DONE]))
        answer = ask(engine, "hi")
        assert ("".join(one.thinking for one in answer.chunks), answer.text) == ("hm", "yes")

    def test_keepalives_hold_a_slow_answer(self, replayed: Replayed, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streaming, "SILENCE", 0.3)
        engine, _ = replayed(Answer([1.0, *GOOD.script]))
        assert ask(engine, "hi").text == "Hello"

    def test_silence_ends_an_answer_in_words(
        self, replayed: Replayed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streaming, "SILENCE", 0.2)
        engine, replay = replayed(Answer([Silence(3.0), *GOOD.script]))
        with pytest.raises(GenerationFailed, match="no sign of life"):
            ask(engine, "hi")
        assert len(replay.bodies()) == 1, "what may have been begun is not asked again"


class TestTryingAgain:
    def test_a_connection_is_used_for_the_next_answer_too(self, replayed: Replayed) -> None:
        engine, replay = replayed(GOOD)
        for _ in range(3):
            ask(engine, "hi")
            time.sleep(0.05)
        assert len(replay.connections) == 1

    def test_a_busy_server_is_asked_again_until_it_answers(self, replayed: Replayed) -> None:
        busy = said('{"error": "busy"}', 429, **{"retry-after": "0"})
        engine, replay = replayed(busy, said("{}", 503), GOOD)
        assert ask(engine, "hi").text == "Hello"
        assert len(replay.bodies()) == 3

    def test_a_server_that_stays_busy_is_told(self, replayed: Replayed) -> None:
        assert "cannot serve now (429): busy" in refused(replayed, said('{"error": "busy"}', 429))

    def test_a_connection_that_was_closed_meanwhile_is_opened_again(self, replayed: Replayed) -> None:
        engine, replay = replayed(Answer([None]), GOOD)
        assert ask(engine, "hi").text == "Hello"
        assert len(replay.bodies()) == 2

    def test_what_a_server_does_not_know_is_left_out_from_then_on(self, replayed: Replayed) -> None:
        strict = said('{"error": {"message": "Unrecognized request argument: min_p"}}', 400)
        engine, replay = replayed(strict, GOOD)
        assert ask(engine, "hi").text == "Hello"
        assert ask(engine, "hi").text == "Hello"
        assert ["min_p" in body for body in replay.bodies()] == [True, False, False]

    def test_a_value_that_a_server_does_not_take_once_is_left_out_once(self, replayed: Replayed) -> None:
        once = said('{"error": {"message": "min_p must be in [0, 1] for this request"}}', 400)
        engine, replay = replayed(once, GOOD)
        assert ask(engine, "hi").text == "Hello"
        assert ask(engine, "hi").text == "Hello"
        assert ["min_p" in body for body in replay.bodies()] == [True, False, True]

    def test_a_template_without_system_messages_gets_them_folded(self, replayed: Replayed) -> None:
        engine, replay = replayed(said('{"error": "System role not supported"}', 400), GOOD)
        talk = (Message("system", "Be kind."), Message("user", "hi"))
        assert gather(engine.generate(Request(talk))).text == "Hello"
        assert replay.bodies()[1]["messages"] == [{"role": "user", "content": "Be kind.\n\nhi"}]

    @pytest.mark.parametrize(
        "told",
        [
            '{"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 900, "n_ctx": 512}}',
            '{"error": {"message": "This model\'s maximum context length is 512 tokens. However, your prompt '
            'contains 900 input tokens."}}',
        ],
    )
    def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(
        self, replayed: Replayed, told: str
    ) -> None:
        engine, _ = replayed(said(told, 400))
        with pytest.raises(PromptTooLong) as error:
            ask(engine, "hi")
        assert (error.value.tokens, error.value.context) == (900, 512)


class TestCancelling:
    def test_cancelling_ends_the_answer_and_reaches_the_server(self, replayed: Replayed) -> None:
        engine, replay = replayed(Answer([piece("a"), 30.0]))
        one = request("hi")
        stream = engine.generate(one)
        assert next(stream).text == "a"
        engine.cancel(one.id)
        assert gather(stream).done == "cancelled"
        assert replay.hung_up.wait(PATIENCE)

    def test_letting_go_of_an_answer_cancels_it(self, replayed: Replayed) -> None:
        engine, replay = replayed(Answer([piece("a"), 30.0]))
        stream = engine.generate(request("hi"))
        next(stream)
        del stream
        assert replay.hung_up.wait(PATIENCE)

    def test_cancelling_works_before_anything_came(self, replayed: Replayed) -> None:
        engine, _ = replayed(Answer([30.0]))
        one = request("hi")
        stream = engine.generate(one)
        engine.cancel(one.id)
        assert [chunk.done for chunk in stream] == ["cancelled"]

    def test_closing_ends_what_is_under_way_and_refuses_what_follows(self, replayed: Replayed) -> None:
        engine, _ = replayed(Answer([piece("a"), 30.0]))
        stream = engine.generate(request("hi"))
        next(stream)
        engine.close()
        assert gather(stream).done == "cancelled"
        with pytest.raises(GenerationFailed, match="is closed"):
            ask(engine, "hi")

    def test_a_stop_string_ends_it_where_the_server_does_not_know_them(self, replayed: Replayed) -> None:
        engine, replay = replayed(Answer([piece("one EN"), piece("D two"), 30.0]))
        answer = ask(engine, "hi", stop=("END",))
        assert (answer.text, answer.done) == ("one ", "stop")
        assert replay.hung_up.wait(PATIENCE)


class TestPlainServers:
    def test_modes_are_said_to_be_prompts_only(self, replayed: Replayed) -> None:
        engine, _ = replayed(GOOD)
        assert "takes no coefficients" in (engine.info.prompt_only or "")
        assert engine.info.prompt_only in engine.info.notes

    def test_likelihoods_are_refused_plainly(self, replayed: Replayed) -> None:
        engine, _ = replayed(GOOD)
        with pytest.raises(NotOffered, match="nothing can be scored there"):
            engine.score("a", ["b"])

    def test_the_key_is_sent_and_thinking_is_switched(self, replayed: Replayed) -> None:
        engine, replay = replayed(GOOD, key="sesame")
        ask(engine, "hi", thinking=False)
        _, body, headers = replay.asked[-1]
        assert headers["Authorization"] == "Bearer sesame"
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
