"""How well recall finds: known items among Debian's package descriptions, and when it had better say nothing.

A package's synopsis is the question, its description the one right answer. The first half of the questions
chooses thresholds; all figures are of the second half. ``python -m benchmarks.retrieval --documents 4000``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.embedded import embedded
from benchmarks.packages import Pair, pairs
from benchmarks.report import say
from benchmarks.strangers import QUESTIONS
from memory.contract import Candidate, FloatArray, Vector, Wanted
from memory.embed import LocalEmbedder
from memory.recall.alike import Likeness
from memory.recall.diversity import diverse
from memory.recall.duplicates import distinct
from memory.recall.fusion import fused
from memory.recall.near import (
    LEAST,
    NEAR,
    SHARE_ALONE,
    STANDS_OUT,
    background,
    relevance,
    shares,
    threshold,
    words,
)
from memory.recall.recall import LEG
from memory.recall.scoring import scored
from memory.record import Memory
from memory.sqlite.store import MemoryStore

#: Resamplings of the questions, for intervals of 95 %.
SAMPLES = 2_000
#: What is as near as this to a description that was left out says much the same: it is left out too.
KIN = 0.6
_PAGE = 2_000
Figures = dict[str, np.ndarray]


@dataclass(frozen=True)
class Legs:
    """What both legs find for one question whose answer is ``target``; "" for none."""

    target: str
    question: str
    vector: list[Candidate]
    keyword: list[Candidate]

    @property
    def all(self) -> dict[str, Candidate]:
        return {one.memory.id: one for one in (*self.keyword, *self.vector)}

    @property
    def rank(self) -> dict[str, float]:
        legs = (self.vector, self.keyword)
        return fused([[one.memory.id for one in leg] for leg in legs])


def stored(path: Path, memories: Sequence[Memory], vectors: FloatArray, model: str) -> MemoryStore:
    """A local store at ``path`` that holds the memories, with their unit vectors (n, dim) by the model."""
    store = MemoryStore.open(path)
    store.take_in(memories)
    for at in range(0, len(memories), _PAGE):
        page = slice(at, at + _PAGE)
        store.put_vectors(model, [one.id for one in memories[page]], vectors[page])
    return store


def ranked(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=lambda name: (-scores[name], name))


def thermal(legs: Legs, heat: Callable[[str], float]) -> tuple[list[Candidate], dict[str, float]]:
    """Candidates at temperatures of ``heat``, and their scores under the profile ``balanced``."""
    some = [Candidate(one.memory, heat(name), one.cosine, one.vector) for name, one in legs.all.items()]
    return some, scored(some, legs.rank, "balanced")


def orders(legs: Legs, rng: np.random.Generator) -> dict[str, list[str]]:
    """The order of ids by each way."""
    random = {name: float(rng.uniform(0, 100)) for name in legs.all}
    # What is asked for is hotter by three quarters of a standard deviation.
    fitting = {
        name: float(np.clip(rng.normal(65 if name == legs.target else 50, 20), 0, 100)) for name in legs.all
    }
    some, score = thermal(legs, random.__getitem__)
    return {
        "keyword": [one.memory.id for one in legs.keyword],
        "vector": [one.memory.id for one in legs.vector],
        "hybrid": ranked(legs.rank),
        "+ random temperatures": ranked(score),
        "+ fitting temperatures": ranked(thermal(legs, fitting.__getitem__)[1]),
        "+ random, collapsed": [one.memory.id for one in _collapsed(some, score)],
        "+ random, MMR": [one.memory.id for one in _mmr(some, score)],
    }


def _collapsed(some: Sequence[Candidate], score: dict[str, float]) -> list[Candidate]:
    """What is left when one of those that say the same is kept."""
    best = sorted(some, key=lambda one: (-score[one.memory.id], one.memory.id))
    return distinct(best, Likeness())


def _mmr(some: Sequence[Candidate], score: dict[str, float]) -> list[Candidate]:
    """The ten that recall would show of those, if it showed ten."""
    return diverse(_collapsed(some, score), score, 10, Likeness())


def figures(found: Sequence[list[str]], targets: Sequence[str]) -> Figures:
    """For each question: whether it is among 5 and 10, nDCG at 10, reciprocal rank."""
    places = [
        order.index(target) + 1 if target in order else 0
        for order, target in zip(found, targets, strict=True)
    ]
    return {
        "recall@5": np.array([1.0 if 0 < at <= 5 else 0.0 for at in places]),
        "recall@10": np.array([1.0 if 0 < at <= 10 else 0.0 for at in places]),
        "nDCG@10": np.array([1 / math.log2(1 + at) if 0 < at <= 10 else 0.0 for at in places]),
        "MRR": np.array([1 / at if at else 0.0 for at in places]),
    }


def interval(values: np.ndarray, rng: np.random.Generator) -> str:
    """Mean with the bootstrap interval of 95 %; of differences, when those are given."""
    means = [values[rng.integers(0, len(values), len(values))].mean() for _sample in range(SAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def report_quality(known: Sequence[Legs], rng: np.random.Generator) -> None:
    targets = [legs.target for legs in known]
    found = [orders(legs, rng) for legs in known]
    ways = {way: figures([one[way] for one in found], targets) for way in found[0]}
    for way, found_figures in ways.items():
        say(f"  {way:<24} " + "  ".join(f"{name} {each.mean():.3f}" for name, each in found_figures.items()))
    better = max(("keyword", "vector"), key=lambda way: ways[way]["nDCG@10"].mean())
    compared = [("hybrid", better), *((way, "hybrid") for way in list(ways)[3:])]
    compared.append(("+ random, MMR", "+ random, collapsed"))
    for name in ("nDCG@10", "recall@5"):
        for way, other in compared:
            say(f"  {name} {way} minus {other}: {interval(ways[way][name] - ways[other][name], rng)}")


@dataclass(frozen=True)
class Signs:
    """What abstaining goes by: of every candidate the cosine and the share of rare words, the background.

    ``alone`` is the best share where there are no cosines.
    """

    candidates: list[tuple[float, float]]
    others: float
    alone: float

    @classmethod
    def of(cls, legs: Legs) -> Signs:
        both, by_word = legs.all, {one.memory.id: one for one in legs.keyword}
        asked = words(legs.question)
        share, beside = (
            shares(legs.question, list(by_word.values())),
            shares(legs.question, list(both.values())),
        )
        common = {name: len(asked & words(one.memory.content)) for name, one in by_word.items()}
        return cls(
            [(one.cosine or 0.0, beside[name]) for name, one in both.items()],
            background(one.cosine or 0.0 for one in both.values()),
            max((share[name] for name in share if common[name] >= min(LEAST, len(asked))), default=0.0),
        )

    def near(self, least: float, out: float) -> bool:
        """Something is near enough."""
        return any(relevance(*one, self.others, least, out) >= NEAR for one in self.candidates)


#: Signs of the questions that can be answered, of those whose answer was left out, and of strangers.
Parts = tuple[list[Signs], list[Signs], list[Signs]]


def shown_for(signs: Sequence[Signs], least: float, out: float) -> float:
    """The part of the questions for which something is near enough."""
    return float(np.mean([one.near(least, out) for one in signs]))


def choose(tuning: Parts) -> None:
    """The thresholds that part ``tuning`` best: shown for the answerable less shown for the others."""
    known, left_out, strangers = tuning
    none = [*left_out, *strangers]
    say("  best on the tuning half; shown for answerable / left out / strangers")
    tries = [(least, out) for least in (0.4, 0.45, 0.5, 0.55) for out in np.arange(0.2, 0.46, 0.02)]
    gains = sorted(tries, key=lambda one: shown_for(none, *one) - shown_for(known, *one))
    for least, out in gains[:8]:
        shown = " / ".join(f"{shown_for(part, least, out):.3f}" for part in tuning)
        say(f"    cosine {least:.2f}, above the background {out:.2f}: {shown}")
    grid = np.arange(0.5, 0.81, 0.025)
    alone = sorted(((_over(known, share) - _over(none, share), share) for share in grid), reverse=True)
    for _gain, share in alone[:5]:
        say(f"    words alone {share:.3f}: " + " / ".join(f"{_over(part, share):.3f}" for part in tuning))


def _over(signs: Sequence[Signs], share: float) -> float:
    return float(np.mean([one.alone >= share for one in signs]))


def told(way: str, shown: Sequence[Sequence[bool]]) -> None:
    """Precision and recall of abstaining: it is right for what is left out and for strangers."""
    known, left_out, strangers = shown
    right = [*left_out, *strangers].count(False)
    precision = right / max(1, right + known.count(False))
    recall = right / (len(left_out) + len(strangers))
    say(f"  {way}: precision of abstaining {precision:.3f}, recall {recall:.3f}")
    parts = {"answerable": known, "left out": left_out, "strangers": strangers}
    told_parts = (f"{name} {np.mean(part):.3f} of {len(part)}" for name, part in parts.items())
    say("    something shown: " + ", ".join(told_parts))


def report_abstaining(testing: Parts, model: str) -> None:
    """The thresholds that recall has, on the other half."""
    least = threshold(model)
    told(
        f"cosine {least}, above the background {STANDS_OUT}",
        [[one.near(least, STANDS_OUT) for one in part] for part in testing],
    )
    words_alone = [[one.alone >= SHARE_ALONE for one in part] for part in testing]
    told(f"words alone, share {SHARE_ALONE}", words_alone)


def _signs(found: Sequence[Legs]) -> list[Signs]:
    return [Signs.of(one) for one in found]


def main(documents: int = 4_000, questions: int = 1_000, cache: Path = Path("build/retrieval")) -> None:
    """Print quality of retrieval and of abstaining with ``documents`` and ``questions``."""
    with TemporaryDirectory() as folder:
        measure(documents, questions, cache, Path(folder) / "memories.sqlite3")


def measure(documents: int, questions: int, cache: Path, path: Path) -> None:
    """The same, with the store at ``path``."""
    rng = np.random.default_rng(1)
    every = pairs()
    kept, away = every[:documents], every[-600:]
    embedder = LocalEmbedder()
    asked: list[Pair] = [*kept[:questions], *away]
    vectors = embedded(embedder, [one.description for one in kept], False, cache, "descriptions")
    queries = embedded(embedder, [one.synopsis for one in asked], True, cache, "synopses")
    apart = embedded(embedder, [one.description for one in away], False, cache, "away")
    kin = [[kept[at].package for at in np.flatnonzero(row >= KIN)] for row in apart @ vectors.T]
    foreign = embedded(embedder, QUESTIONS, True, cache, "strangers")
    memories = [Memory(one.package, one.description, 50.0, 0.0, 0.0) for one in kept]
    source = stored(path, memories, vectors, embedder.model)

    def legs(target: str, text: str, row: FloatArray, without: Sequence[str] = ()) -> Legs:
        query, wanted = Vector(row, embedder.model), Wanted(excluded=frozenset(without))
        by_vector = source.by_vector(query, wanted, LEG)
        return Legs(target, text, by_vector, source.by_keyword(text, query, wanted, LEG))

    def many(targets: Sequence[str], texts: Sequence[str], rows: FloatArray) -> list[Legs]:
        return [legs(*each) for each in zip(targets, texts, rows, strict=True)]

    synopses = [one.synopsis for one in asked]
    known = many([one.package for one in kept[:questions]], synopses[:questions], queries[:questions])
    left_out = zip(synopses[questions:], queries[questions:], kin, strict=True)
    none = [legs("", *each) for each in left_out]
    strange = many([""] * len(QUESTIONS), QUESTIONS, foreign)
    say(f"Known items: {documents} descriptions, {questions - questions // 2} synopses, {embedder.model}")
    report_quality(known[questions // 2 :], rng)
    say("Abstaining")
    half = questions // 2
    choose((_signs(known[:half]), _signs(none[0::2]), _signs(strange[0::2])))
    report_abstaining((_signs(known[half:]), _signs(none[1::2]), _signs(strange[1::2])), embedder.model)
    source.close()
    embedder.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=4_000)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--cache", type=Path, default=Path("build/retrieval"))
    told_options = parser.parse_args()
    main(told_options.documents, told_options.questions, told_options.cache)
