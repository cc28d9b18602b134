"""What the model is shown of a long conversation."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.contract import Message
from modes.voice import Voice
from tests.tui.talk import GREEDY, finished
from tui.core.conversation import Dropped, Node, Provenance
from tui.core.store import Store
from tui.core.turn import Ask, Turns
from tui.core.window import ANSWER_ROOM, BLOCK, Window, as_messages, fit

PROMPT = "Be brief."
PLAIN = Provenance(model="m", fingerprint=None, mode="base", mode_version="1")


def words(messages: Sequence[Message]) -> int:
    """A counter that anyone can check: a token is a word, and each message costs three more."""
    return sum(len(message.content.split()) + 3 for message in messages)


def node(number: int, content: str) -> Node:
    parent = str(number - 1) if number else None
    return Node(str(number), parent, "talk", "assistant" if number % 2 else "user", content, 0.0)


def talk(*lengths: int) -> list[Node]:
    """Questions and answers of these many words in turn; each begins with its own number."""
    return [
        node(number, " ".join([str(number)] + ["word"] * (length - 1)))
        for number, length in enumerate(lengths)
    ]


def numbers(window: Window) -> list[int]:
    return [int(message.content.split()[0]) for message in window.messages if message.role != "system"]


def test_nothing_is_left_out_when_all_of_it_fits() -> None:
    path = talk(*[7] * 11)
    window = fit(PROMPT, path, 400, words)
    assert window.dropped is None
    assert window.messages == (Message("system", PROMPT), *as_messages(path))


def test_a_mode_without_a_prompt_sends_no_system_message() -> None:
    assert [message.role for message in fit("", talk(3), 400, words).messages] == ["user"]


def test_an_answer_that_never_got_a_word_is_not_sent() -> None:
    path = [node(0, "first"), node(1, ""), node(2, "again")]
    assert [message.content for message in as_messages(path)] == ["first", "again"]


def test_the_oldest_whole_blocks_go_first_and_the_prompt_and_the_last_question_stay() -> None:
    path = talk(*[7] * 41)
    window = fit(PROMPT, path, 400, words)
    assert window.messages[0] == Message("system", PROMPT)
    assert numbers(window) == list(range(16, 41)), "two blocks of eight are gone and no more"
    assert window.dropped == Dropped(messages=16, tokens=16 * 10)


def test_room_for_an_answer_is_kept_free() -> None:
    for context in (400, 8192):
        window = fit(PROMPT, talk(*[17] * 801), context, words)
        room = min(ANSWER_ROOM, context // 4)
        assert context - room - BLOCK * 20 < words(window.messages) <= context - room


def test_what_is_left_out_stays_the_same_for_several_turns_so_that_the_beginning_stays_read() -> None:
    kept: list[int] = []
    for length in range(31, 101, 2):
        first = numbers(fit(PROMPT, talk(*[7] * length), 400, words))[0]
        assert first % BLOCK == 0
        kept.append(first)
    assert kept == sorted(kept)
    for first in {*kept} - {0, kept[-1]}:
        assert kept.count(first) == BLOCK // 2, "four turns go by before the beginning moves again"


def test_what_is_kept_begins_with_a_question() -> None:
    path = [node(0, "word " * 300), node(2, "another " * 3), *(node(n, "word " * 7) for n in range(1, 30))]
    window = fit(PROMPT, path, 200, words)
    assert window.messages[1].role == "user"
    assert window.dropped is not None
    assert window.dropped.messages == len(path) - len(window.messages) + 1


def test_a_long_conversation_is_counted_a_few_times_only() -> None:
    counted = 0

    def counter(messages: Sequence[Message]) -> int:
        nonlocal counted
        counted += len(messages)
        return words(messages)

    path = talk(*[7] * 4001)
    assert len(numbers(fit(PROMPT, path, 400, counter))) > 20
    assert counted < 4 * len(path), "counting reads every message it is given"


@given(
    lengths=st.lists(st.integers(1, 120), min_size=1, max_size=60),
    context=st.integers(256, 1024),
    prompt=st.sampled_from(["", PROMPT]),
)
def test_what_is_sent_fits_or_is_the_last_question_alone(
    lengths: list[int], context: int, prompt: str
) -> None:
    path = talk(*lengths, *([1] if len(lengths) % 2 == 0 else []))
    window = fit(prompt, path, context, words)
    system = [message for message in window.messages if message.role == "system"]
    assert system == ([Message("system", prompt)] if prompt else [])
    kept = window.messages[len(system) :]
    assert kept == tuple(as_messages(path)[len(path) - len(kept) :]), "an end of the talk, as it was"
    assert kept[0].role == "user"
    room = context - min(ANSWER_ROOM, context // 4)
    assert words(window.messages) <= room or len(kept) == 1
    gone = len(path) - len(kept)
    if not gone:
        assert window.dropped is None
    else:
        assert words([*system, *as_messages(path)]) > room, "nothing is left out without need"
        assert window.dropped == Dropped(gone, words(as_messages(path)[:gone]))


def test_a_turn_in_a_talk_that_is_too_long_says_what_it_left_out_and_reads_on_from_its_cache(
    store: Store, turns: Turns, base: Voice
) -> None:
    place, parent = store.create().id, None
    for number in range(19):
        question = store.add_question(place, parent, f"Question {number}. " + "The river is long. " * 5)
        answer = store.begin_answer(place, question.id, PLAIN)
        store.finish_answer(answer.id, text="It is. " * 10, thinking="", status="done", usage=None)
        parent = answer.id
    drops, cached = [], []
    for number in range(2):
        events = list(turns.run(Ask(place, base, f"And now {number}?", parent, GREEDY, 4)))
        last = finished(events)
        assert last.usage is not None
        drops += [event for event in events if isinstance(event, Dropped)]
        cached.append(last.usage.cached_tokens / last.usage.prompt_tokens)
        assert last.usage.prompt_tokens <= 1024 - 256
        parent = last.id
    assert drops[0] == drops[1]
    assert drops[0].messages == 3 * BLOCK
    assert drops[0].tokens > 1024 // 2
    assert cached[0] < 0.3
    assert cached[1] > 0.9, "what was read for the first turn is not read again"
