"""Streams, splits and choices: the same in every process, balanced, and with one right option."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from modes.evaluation import domains
from modes.evaluation.domains.making import (
    DomainError,
    Draft,
    Fact,
    Topic,
    ask,
    assembled,
    back,
    finished,
    look_alikes,
    spread,
    statement,
    stream,
)

FACTS = tuple(Fact(f"f{i}", f"thing {i}", f"value {i}") for i in range(20))
TOPIC = Topic(
    "things",
    FACTS,
    ask("What has {asked}?"),
    (*ask("Tell me what {asked} has."), *back("What has {answer}?")),
    statement("Which is true?", "{asked} has {answer}"),
    ("Now: ", "Well: "),
    held_out=5,
)
DOMAIN = assembled("toy", [TOPIC], {})


def test_a_stream_is_the_same_everywhere() -> None:
    assert stream("legal", "T1", "").getrandbits(32) == 4112545923
    assert stream("legal", "T1", "a").random() != stream("legal", "T1", "b").random()


def test_facts_are_held_out_by_hash_and_not_by_place() -> None:
    trained, held_out = TOPIC.split()
    turned = Topic("things", FACTS[::-1], TOPIC.trained, TOPIC.unseen, TOPIC.shapes, TOPIC.openings, 5)
    assert turned.split() == (trained, held_out)
    assert len(trained) == 15
    assert len(held_out) == 5


def test_distractors_come_from_the_same_side_of_the_split() -> None:
    held_out = {fact.answer for fact in TOPIC.split()[1]} | {fact.asked for fact in TOPIC.split()[1]}
    assert all(set(item.choices) <= held_out for item in DOMAIN.items("T2", 100, ""))
    assert not any(set(item.choices) & held_out for item in DOMAIN.items("T1", 100, ""))


def test_an_answer_that_is_also_right_is_no_distractor() -> None:
    shared = [Fact(f"s{i}", "sky", f"shade {i}") for i in range(2)]
    also = Fact("sea", "sea", "shade 2", also=("value 1",))
    topic = Topic("t", (*FACTS, *shared, also), (), ask("What has {asked}?"), (), ("",))
    for draft in topic.drafts("T1", 0, Random(1)):
        assert draft.prompt != "What has sky?" or not {"shade 0", "shade 1"} & set(draft.wrong)
        assert draft.prompt != "What has sea?" or "value 1" not in draft.wrong


def test_asked_backwards_a_fact_with_the_same_answer_is_no_distractor() -> None:
    twins = tuple(Fact(f"t{i}", f"twin {i}", "same") for i in range(2))
    drafts = Topic("t", (*FACTS, *twins), (), back("What has {answer}?"), (), ("",)).drafts(
        "T1", 0, Random(1)
    )
    assert all("twin" not in "".join(draft.wrong) for draft in drafts if draft.prompt == "What has same?")


def test_distractors_are_of_one_kind_and_near_in_length() -> None:
    assert set(look_alikes("abc", ["ABC", "abd", "xyz", "pqr", "a" * 30], Random(1))) == {"abd", "xyz", "pqr"}
    mixed = tuple(Fact(f"m{i}", f"m{i}", f"{'ab'[i % 2]}{i}", kind="ab"[i % 2]) for i in range(12))
    for draft in Topic("t", mixed, (), ask("{asked}?"), (), ("",)).drafts("T1", 0, Random(1)):
        assert {text[0] for text in draft.wrong} == {draft.right[0]}


def test_too_few_distractors_are_an_error_that_says_so() -> None:
    with pytest.raises(DomainError, match="has 1 distractors and needs 3: add facts"):
        Topic("t", FACTS[:2], (), ask("{asked}?"), (), ("",)).drafts("T1", 0, Random(1))


def test_options_that_are_alike_are_refused() -> None:
    with pytest.raises(DomainError, match="not four distinct"):
        finished("toy", "T1", [Draft("t", "f", "?", "A", ("a", "b", "c"))], Random(1))


def test_every_four_items_have_gold_at_every_position() -> None:
    items = DOMAIN.items("T1", 28, "")
    assert Counter(item.gold for item in items) == dict.fromkeys(range(4), 7)


def test_fewer_items_are_the_beginning_of_more_and_hold_every_fact_first() -> None:
    assert DOMAIN.items("T1", 15, "x") == DOMAIN.items("T1", 30, "x")[:15]
    assert len({item.fact for item in DOMAIN.items("T1", 15, "x")}) == 15
    drafts = [Draft("t", fact, str(i), "a", ("b", "c", "d")) for fact in "xyz" for i in range(3)]
    assert [len({d.fact for d in spread(drafts, Random(2))[i : i + 3]}) for i in (0, 3, 6)] == [3, 3, 3]


def test_an_unknown_domain_is_told_with_the_nearest() -> None:
    with pytest.raises(
        domains.UnknownDomain, match=r"'leagl' \(did you mean legal\?\): the domains are legal"
    ):
        domains.domain("leagl")
