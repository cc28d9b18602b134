"""What fits: nothing longer would, and what is offered does."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from engine.plan.fit import as_flags, longest_context, most_slots, nearest
from engine.plan.need import BLOCK, Settings, context_bytes
from engine.plan.questions import answers, made_free
from tests.engine.plan.test_need import LARGE

COST = partial(context_bytes, LARGE)
GIB = 1 << 30

memories = st.integers(0, 1 << 38)
asked = st.builds(Settings, context=st.integers(1, 1 << 18), slots=st.integers(1, 32), flash=st.booleans())


@given(asked, memories)
def test_the_longest_context_fits_and_one_block_more_does_not(one: Settings, memory: int) -> None:
    longest = longest_context(COST, one, memory)
    assert longest % BLOCK == 0
    assert longest == 0 or COST(one.but(context=longest)) <= memory
    assert COST(one.but(context=longest + BLOCK)) > memory


@given(asked, memories)
def test_the_most_slots_fit_and_one_more_does_not(one: Settings, memory: int) -> None:
    most = most_slots(COST, one, memory, 64)
    assert most == 0 or COST(one.but(slots=most)) <= memory
    assert most == 64 or COST(one.but(slots=most + 1)) > memory


@given(asked, memories)
def test_all_that_is_offered_fits_and_nothing_is_only_where_not_even_a_block_does(
    one: Settings, memory: int
) -> None:
    offered = nearest(COST, one, memory)
    assert all(COST(other) <= memory for other in offered)
    assert offered or COST(one.but(slots=1, context=BLOCK)) > memory


def test_an_offer_is_what_to_write() -> None:
    one = Settings(4096, 8, flash=False)
    assert as_flags(one, one.but(kv="q8_0", flash=True)) == "--kv q8_0"
    assert as_flags(one, one.but(flash=True)) == "--flash-attention"
    assert as_flags(one, one.but(slots=2, context=512)) == "--slots 2 --context 512"


def test_the_questions_are_answered_for_both_kinds_of_k_and_v() -> None:
    rows = list(answers(COST, Settings(32_768), 56 * GIB, 131_072))
    found = {(one.settings.slots, one.longest, one.settings.kv): one for row in rows for one in row}
    assert found[1, False, "f16"].fits
    assert not found[8, False, "f16"].fits
    assert found[8, False, "q8_0"].fits
    assert found[1, True, "f16"].settings.context == 131_072
    assert found[8, True, "f16"].settings.context < 32_768 < found[8, True, "q8_0"].settings.context
    assert all(one.left == 56 * GIB - one.total for row in rows for one in row)


def test_whatever_else_there_is_becomes_free_where_one_machine_holds_it_all() -> None:
    machines = {"large": 96, "small": 12, "laptop": 128}
    assert made_free(100, machines) == {"laptop": ("large", "small")}
    assert made_free(50, machines) == {"large": ("small", "laptop"), "laptop": ("large", "small")}
    assert made_free(200, machines) == {}
