"""Several answers at once, in whatever modes: they flow together, and none is another's trouble."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from engine.contract import BadConstraint, EngineError, NotInstalled, Request, Scales
from tests.engine.contract.conftest import Local, Subject
from tests.engine.llama.answers import Answer, ask, at_once, begun, gather, request, talk

#: How far (in logits) a greedy token may be from the best one of a read in other batches.
ROUNDING = 0.05
A: Scales = (("a", 1.0),)
B: Scales = (("b", 1.0),)
#: A bias that no answer ends by: the token that ends it never comes.
ENDLESS = ((2, -100.0),)


def endless(text: str, **fields: object) -> Request:
    return request(text, **{"max_tokens": None, "logit_bias": ENDLESS, **fields})


def is_greedy(engine: Local, asked: Request, answer: Answer) -> bool:
    """Whether every token of it is what the model alone, in that mode, thinks best."""
    text = "".join(f"<|im_start|>{one.role}\n{one.content}<|im_end|>\n" for one in asked.messages)
    read = engine.tokenize(f"{text}<|im_start|>assistant\n")
    assert len(read) == answer.usage.prompt_tokens
    rows = engine.logits([*read, *answer.tokens], asked.scales)[len(read) - 1 : -1]
    return all(row.max() - row[token] < ROUNDING for row, token in zip(rows, answer.tokens, strict=True))


@pytest.mark.parametrize("scales", [((), ()), (A, A), (A, (("b", 0.5),)), (A, ())], ids=str)
def test_each_is_answered_as_if_it_were_alone(engine: Local, scales: tuple[Scales, ...]) -> None:
    asked = [request(f"question {i}", max_tokens=20, scales=one) for i, one in enumerate(scales)]
    for one, answer in zip(asked, at_once(engine, asked), strict=True):
        assert len(answer.tokens) > 0
        assert is_greedy(engine, one, answer)


def test_more_than_there_is_room_for_wait_and_are_all_answered(engine: Local) -> None:
    asked = [request(f"number {i}", max_tokens=8, scales=((), A, B)[i % 3]) for i in range(9)]
    answers = at_once(engine, asked)
    assert all(answer.done in ("length", "stop") for answer in answers)
    assert all(is_greedy(engine, one, answer) for one, answer in zip(asked, answers, strict=True))


def test_two_flow_at_the_same_time_and_cancelling_one_touches_no_other(engine: Local) -> None:
    asked = [endless(f"go on {name}", scales=scales) for name, scales in zip("ab", ((), A), strict=True)]
    streams = [engine.generate(one) for one in asked]
    for _ in range(3):
        assert all(begun(stream)[-1].done is None for stream in streams)
    engine.cancel(asked[0].id)
    ended = gather(streams[0])
    assert ended.done == "cancelled"
    assert begun(streams[1], 5)[-1].done is None
    engine.cancel(asked[1].id)
    assert gather(streams[1]).done == "cancelled"


def test_cancelling_ends_the_words_and_leaves_the_next_answer_as_it_would_have_been(engine: Local) -> None:
    before = ask(engine, "Name a colour.")
    wanted = endless("go on")
    stream = engine.generate(wanted)
    seen = begun(stream)
    engine.cancel(wanted.id)
    answer = gather([*seen, *stream])
    assert answer.done == "cancelled"
    assert answer.usage.decode_tokens == len(answer.tokens) - 1 < 200
    assert ask(engine, "Name a colour.").tokens == before.tokens


def test_a_request_that_waits_is_cancelled_before_it_begins(engine: Local) -> None:
    running = [engine.generate(endless(f"go on {i}")) for i in range(2)]
    for stream in running:
        begun(stream)
    second = endless("go on")
    waiting = engine.generate(second)
    engine.cancel(second.id)
    answer = gather(waiting)
    assert [answer.done, answer.text, answer.reading] == ["cancelled", "", []]
    for stream in running:
        stream.close()  # type: ignore[attr-defined]


def test_cancelling_what_is_unknown_or_over_is_nothing(engine: Local) -> None:
    over = request("Name a colour.", max_tokens=2)
    gather(engine.generate(over))
    engine.cancel(over.id)
    engine.cancel("never asked")
    assert len(gather(engine.generate(over)).tokens) == 2, "the same request may be made again"


@pytest.mark.parametrize("how", ["closed", "let go of", "closed before its first chunk", "never looked at"])
def test_an_answer_that_nobody_wants_any_more_does_not_hold_up_the_next(engine: Local, how: str) -> None:
    streams = [engine.generate(endless(f"go on {i}")) for i in range(2)]
    for stream in streams:
        if how in ("closed", "let go of"):
            next(stream)
        if how.startswith("closed"):
            stream.close()  # type: ignore[attr-defined]
            assert next(stream, None) is None
    del streams, stream
    gc.collect()
    assert len(ask(engine, "Name a colour.", max_tokens=1).tokens) == 1


def test_threads_that_ask_at_once_each_get_their_own_answer(engine: Local) -> None:
    words = ["fish", "blue", "seven", "moon"]
    alone = [ask(engine, word).tokens for word in words]
    together = threading.Barrier(len(words))

    def asked(word: str) -> list[int]:
        together.wait(10)
        return ask(engine, word).tokens

    with ThreadPoolExecutor(len(words)) as pool:
        assert list(pool.map(asked, words)) == alone


def test_one_that_cannot_be_answered_touches_no_other(engine: Local) -> None:
    running = engine.generate(request("go on", max_tokens=100))
    begun(running)
    for wrong, error in (
        (request("x", scales=(("nobody", 1.0),)), NotInstalled),
        (replace(request("x"), logit_bias=((-1, 0.0),)), BadConstraint),
    ):
        with pytest.raises(error):
            gather(engine.generate(wrong))
    assert gather(running).done in ("length", "stop")
    assert ask(engine, "and now?").done in ("length", "stop")


def test_a_mode_that_is_replaced_or_removed_in_mid_answer_is_spoken_to_the_end(subject: Subject) -> None:
    engine = subject.engine
    engine.install("brief", subject.basis, subject.modes["a"])
    asked = request("go on", max_tokens=60, scales=(("brief", 1.0),))
    running = engine.generate(asked)
    seen = begun(running)
    engine.install("brief", subject.basis, subject.modes["b"])
    engine.remove("brief")
    with pytest.raises(NotInstalled):
        ask(engine, "again", scales=(("brief", 1.0),))
    answer = gather([*seen, *running])
    assert is_greedy(engine, replace(asked, scales=A), answer), "a has the same coefficients"


def test_scoring_and_counting_go_on_beside_answers(engine: Local) -> None:
    expected = engine.score("river", [" bank"])
    counted = engine.count_tokens(talk("Name a colour."))
    streams = [engine.generate(request(f"go on {i}", max_tokens=60)) for i in range(3)]
    assert engine.count_tokens(talk("Name a colour.")) == counted
    assert engine.score("river", [" bank"])[0] == pytest.approx(expected[0], abs=0.05)
    assert {gather(stream).done for stream in streams} <= {"length", "stop"}


# The end


def test_closing_in_mid_answer_ends_it_and_all_that_wait(passing: Local) -> None:
    streams = [passing.generate(endless(f"go on {i}")) for i in range(4)]
    next(streams[0])
    passing.close()
    assert {gather(stream).done for stream in streams} <= {"cancelled", "context"}


def test_a_closed_engine_refuses_everything_with_an_error_of_ours(passing: Local) -> None:
    passing.close()
    passing.close()
    for use in (
        lambda: gather(passing.generate(request("a"))),
        lambda: passing.count_tokens(talk("a")),
        lambda: passing.tokenize("a"),
        lambda: passing.score("a", ["b"]),
        lambda: passing.logits([1, 2]),
        lambda: passing.check(request("a")),
        lambda: passing.remove("a"),
    ):
        with pytest.raises(EngineError, match="closed"):
            use()
    passing.cancel("anything")


def test_threads_that_count_while_the_engine_is_closed_count_or_are_refused(passing: Local) -> None:
    counting = threading.Event()
    right = passing.count_tokens(talk("Name a colour."))

    def count() -> int:
        seen = 0
        while True:
            try:
                assert passing.count_tokens(talk("Name a colour.")) == right
            except EngineError:
                return seen
            seen += 1
            counting.set()

    with ThreadPoolExecutor(2) as pool:
        counts = [pool.submit(count) for _ in range(2)]
        assert counting.wait(10)
        passing.close()
        assert all(future.result(10) >= 0 for future in counts)
