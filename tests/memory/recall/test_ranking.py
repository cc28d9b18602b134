"""The mathematics of ranking: fusion, scores, duplicates, diversity, relevance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory.contract import Candidate, FloatArray
from memory.recall.alike import Likeness
from memory.recall.diversity import diverse
from memory.recall.duplicates import distinct
from memory.recall.fusion import K, fused
from memory.recall.near import background, bent, nearness, relevance, shares, threshold
from memory.recall.scoring import HEAT, scored, warm_enough
from tests.memory.recall.source import remembered

RANKINGS = st.lists(st.permutations("abcdef").map(lambda names: names[:4]), max_size=3)
quick = settings(max_examples=40, deadline=None)


def candidate(name: str, vector: FloatArray | None = None, heat: float = 50.0, **more: object) -> Candidate:
    cosine = more.pop("cosine", None)
    return Candidate(remembered(name, f"text {name}", **more), heat, cosine, vector)  # type: ignore[arg-type]


def turned(degrees: float) -> FloatArray:
    angle = np.deg2rad(degrees)
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def test_fusion_is_the_sum_of_reciprocal_ranks_over_the_best_that_could_be() -> None:
    found = fused([["a", "b"], ["b"]])
    assert list(found) == ["b", "a"]
    assert found["b"] == pytest.approx((1 / (K + 2) + 1 / (K + 1)) / (2 / (K + 1)))
    assert fused([["a"], []])["a"] == 1.0
    assert fused([]) == {}


@quick
@given(RANKINGS)
@example([["a", "b", "d", "c"], ["b", "c", "a", "d"], ["c", "a", "d", "b"]])
def test_fusion_does_not_depend_on_the_order_of_rankings_and_is_sorted(rankings: list[list[str]]) -> None:
    found = fused(rankings)
    other = fused(rankings[::-1])
    assert list(found) == list(other)
    assert list(found.values()) == pytest.approx(list(other.values()))
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert all(0 < value <= 1 + 1e-12 for value in found.values())


@quick
@given(RANKINGS, st.sampled_from("abcdef"))
def test_what_moves_up_in_a_ranking_does_not_fall(rankings: list[list[str]], name: str) -> None:
    better = [
        [name, *(one for one in ranking if one != name)] if name in ranking else ranking
        for ranking in rankings
    ]
    assert fused(better).get(name, 0) >= fused(rankings).get(name, 0)


def test_temperature_gives_or_takes_a_little() -> None:
    some = [candidate("cold", heat=0), candidate("mild", heat=50), candidate("hot", heat=100)]
    score = scored(some, dict.fromkeys(("cold", "mild", "hot"), 0.8), "balanced")
    assert score == pytest.approx({"cold": 0.8 * (1 - HEAT), "mild": 0.8, "hot": 0.8 * (1 + HEAT)})
    assert set(scored(some, dict.fromkeys(("cold", "mild", "hot"), 0.8), "relevance").values()) == {0.8}


def test_canonical_ones_gain_and_stale_ones_lose() -> None:
    some = [
        candidate("c", canonical=True),
        candidate("s", temporal_state="superseded"),
        candidate("r", superseded_by="c"),
    ]
    assert scored(some, dict.fromkeys("csr", 1.0), "balanced") == pytest.approx(
        {"c": 1.05, "s": 0.9, "r": 0.9}
    )


def test_the_federations_score_is_seven_tenths_cosine_and_three_tenths_temperature() -> None:
    some = [candidate("a", cosine=0.6, heat=80), candidate("b", heat=40)]
    score = scored(some, {"a": 1.0, "b": 0.5}, "federation")
    assert score == pytest.approx({"a": 0.42 + 0.24, "b": 0.7 * 0.3 + 0.12})
    assert [one.memory.id for one in warm_enough([*some, candidate("c", heat=29)], "federation", 2)[0]] == [
        "a",
        "b",
    ]
    everyone, note = warm_enough([*some, candidate("c", heat=29)], "federation", 3)
    assert len(everyone) == 3 and note is not None
    assert warm_enough([candidate("c", heat=1)], "balanced", 5)[1] is None


@quick
@given(st.permutations(range(5)), st.lists(st.floats(0, 100), min_size=5, max_size=5))
def test_scores_do_not_depend_on_the_order_of_candidates(order: list[int], heats: list[float]) -> None:
    some = [candidate(str(at), heat=heat, cosine=at / 5) for at, heat in enumerate(heats)]
    rank = {str(at): at / 5 for at in range(5)}
    for profile in ("balanced", "federation", "relevance"):
        assert scored([some[at] for at in order], rank, profile) == scored(some, rank, profile)


def test_of_duplicates_the_first_stays() -> None:
    some = [
        candidate("a", turned(0)),
        candidate("near a", turned(10)),
        candidate("b", turned(40), parent="w"),
        candidate("other part", turned(90), parent="w"),
        candidate("w", turned(140)),
        candidate("no vector"),
    ]
    assert [one.memory.id for one in distinct(some, Likeness())] == ["a", "b", "no vector"]
    assert [one.memory.id for one in distinct(some[1:], Likeness(), kept=some[:1])] == ["b", "no vector"]


@quick
@given(st.lists(st.tuples(st.floats(0, 360), st.floats(0, 1)), min_size=1, max_size=8), st.integers(0, 8))
def test_with_lambda_1_diversity_is_the_order_of_scores(ones: list[tuple[float, float]], count: int) -> None:
    some = [candidate(str(at), turned(angle)) for at, (angle, _score) in enumerate(ones)]
    score = {str(at): value for at, (_angle, value) in enumerate(ones)}
    order = sorted(score, key=lambda name: (-score[name], name))
    assert [one.memory.id for one in diverse(some, score, count, Likeness(), weight=1.0)] == order[:count]


@quick
@given(
    st.lists(st.tuples(st.floats(0, 360) | st.none(), st.floats(0.1, 1)), min_size=1, max_size=7),
    st.randoms(),
)
def test_diversity_does_not_depend_on_the_order_of_candidates_and_begins_with_the_best(
    ones: list[tuple[float | None, float]], random: object
) -> None:
    some = [
        candidate(str(at), None if angle is None else turned(angle)) for at, (angle, _s) in enumerate(ones)
    ]
    score = {str(at): value for at, (_angle, value) in enumerate(ones)}
    first = [one.memory.id for one in diverse(some, score, 4, Likeness())]
    random.shuffle(some)  # type: ignore[attr-defined]
    assert [one.memory.id for one in diverse(some, score, 4, Likeness())] == first
    assert score[first[0]] == max(score.values())


def test_diversity_prefers_what_says_something_else_with_vectors_and_without() -> None:
    score = {"a": 1.0, "b": 0.95, "c": 0.9}
    some = [candidate("a", turned(0)), candidate("b", turned(20)), candidate("c", turned(90))]
    assert [one.memory.id for one in diverse(some, score, 2, Likeness())] == ["a", "c"]
    texts = {"a": "red door of the boathouse", "b": "red door of a boathouse", "c": "tea in the garden"}
    bare = [Candidate(remembered(name, text), 50.0) for name, text in texts.items()]
    assert [one.memory.id for one in diverse(bare, score, 2, Likeness())] == ["a", "c"]


@quick
@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.05, 0.95))
def test_relevance_grows_with_likeness_and_is_a_half_at_the_threshold(
    a: float, b: float, middle: float
) -> None:
    low, high = sorted((a, b))
    assert 0 <= bent(low, middle) <= bent(high, middle) <= 1
    assert bent(middle, middle) == 0.5
    assert bent(1.0, middle) == 1.0
    assert bent(float("nan"), middle) == 0.0


def test_thresholds_go_by_the_models_name_and_strangers_have_a_careful_one() -> None:
    ours = threshold("all-minilm-l6-v2@123")
    assert ours == threshold("sentence-transformers/all-MiniLM-L6-v2")
    assert threshold("nobody's") > ours


def test_what_is_relevant_is_near_and_nearer_than_others() -> None:
    assert relevance(0.5, 0.0, 0.36, 0.45) < 0.5 <= relevance(0.5, 0.4, 0.36, 0.45), "words in common help"
    assert relevance(0.5, 0.0, 0.15, 0.45) >= 0.5, "and are not needed where it stands out"
    assert relevance(0.4, 1.0, 0.0, 0.45) < 0.5, "what stands out has to be near all the same"
    assert relevance(1.0, 1.0, 0.36, 0.45) == 1.0


def test_the_background_is_what_is_near_beside_the_nearest() -> None:
    assert background([*[0.9] * 10, *[0.3, 0.5] * 20, *[0.0] * 9]) == pytest.approx(0.4)
    assert background([0.9, 0.8]) == background([]) < 0.2


def test_rare_words_weigh_more_and_missing_ones_as_much_as_the_rarest() -> None:
    some = [
        Candidate(remembered(str(at), text), 50.0)
        for at, text in enumerate(["boat house", "boat garden", "boat tinnitus", "boat well"])
    ]
    found = shares("what about the boats and tinnitus", some)
    assert found["2"] == 1.0
    assert 0 < found["0"] < 0.4
    assert max(shares("tinnitus zzyzx", some).values()) == pytest.approx(0.5)
    assert set(shares("what is it", some).values()) == {0.0}


def test_words_alone_need_more_than_one_in_common() -> None:
    some = [
        Candidate(remembered("1", "tinnitus is rated"), 50.0),
        Candidate(remembered("2", "of boats"), 50.0),
    ]
    near = nearness("tinnitus yesterday", some, None)
    assert near(some[0]) < 0.5
    assert nearness("tinnitus", some, None)(some[0]) == 1.0
    assert nearness("is tinnitus rated?", some, None)(some[0]) >= 0.5


@pytest.mark.parametrize("others", [0, 1, 5, 40])
def test_the_rare_words_of_a_question_are_enough_but_one_among_few_notes_as_among_many(others: int) -> None:
    told = Candidate(remembered("told", "The build server is 10.0.0.2"), 50.0)
    texts = (f"Of something else, {at}" for at in range(others))
    some = [told, *(Candidate(remembered(text, text), 50.0) for text in texts)]
    question = "what is the address of the build server?"
    assert nearness(question, some, None)(told) >= 0.5
