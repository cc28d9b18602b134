"""Whether a memory is about the question at all: its relevance, and the threshold under which none is shown.

Relevance is 0 to 1, and the same for every embedding model: 0.5 is just near enough to be shown, 1 says what
the question says. Three readings of it, each on straight lines through (0, 0), (threshold, 0.5) and (its
highest, 1):

- by meaning and words together: the cosine with the question, and `WORDS` times the share of the question's
  rare words that the memory has. Among many memories of one subject some are always near to a question that
  none of them answers; what answers it mostly has its rare words too.
- by meaning alone, for a memory that stands out: its cosine is `STANDS_OUT` above those of the others.
- by words alone, where there are no cosines.

A word weighs as much as it is rare among the candidates: one that all have counts for little, and one that
none has for most. The thresholds are the model's own, found by ``benchmarks/retrieval.py``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from memory.contract import Candidate
from memory.record import plain

NEAR = 0.5
#: What the share of rare words adds to the cosine.
WORDS = 0.4
#: How far above the background a cosine has to be to stand out.
STANDS_OUT = 0.25
#: The background where there are too few candidates to tell: what texts of other subjects have (MiniLM).
BACKGROUND = 0.15
#: Which candidates are the background, by cosine: not the nearest, which may all answer, nor those far off.
_BEHIND = slice(10, 50)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where a memory is near enough: ``both`` is the cosine with the words, ``alone`` the cosine."""

    both: float
    alone: float


#: By the name of the model before "@".
LIMITS = {"all-minilm-l6-v2": Limits(0.66, 0.45)}
#: For a model that nobody has measured: few put strangers so near.
UNKNOWN_MODEL = Limits(0.8, 0.7)
#: The share of rare words from which a memory is near enough, with words alone.
SHARE_ALONE = 0.65
#: So many rare words must be shared where words alone decide.
LEAST = 2
#: A memory's words are read so far.
_READ = 20_000

_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = """
a about am an and any are as at be been but by can could did do does for from had has have he her his how i
if in into is it its just me my no not of on or our please she should so some tell than that the their them
then there these they this those to us was we were what when where which while who whom whose why will with
would you your
"""
_COMMON = frozenset(_FUNCTION_WORDS.split())

Nearness = Callable[[Candidate], float]


def limits(model: str) -> Limits:
    """From where on a memory is near enough by ``model``."""
    name = model.partition("@")[0].rpartition("/")[2].casefold()
    return LIMITS.get(name, UNKNOWN_MODEL)


def words(text: str) -> frozenset[str]:
    """The words of ``text`` that mean something by themselves, folded; a plural's s does not count."""
    return frozenset(_singular(word) for word in _written(text) if word not in _COMMON)


def holding(asked: Collection[str]) -> Callable[[str], frozenset[str]]:
    """What finds those of the words ``asked`` that are among `words` of a text, in a fraction of the time."""
    forms = {
        form: word
        for word in asked
        for form in (word, f"{word}s")
        if form not in _COMMON and _singular(form) == word
    }
    return lambda text: frozenset(forms[form] for form in forms.keys() & _written(text))


def _written(text: str) -> set[str]:
    return set(_WORD.findall(plain(text[:_READ])))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" else word


def shares(question: str, candidates: Sequence[Candidate]) -> dict[str, float]:
    """By id, the share of the question's words, weighed by rarity among ``candidates``, that each has."""
    asked = words(question)
    held = holding(asked)
    each = {one.memory.id: held(one.memory.content) for one in candidates}
    common = Counter(word for those in each.values() for word in those)
    weights = {word: math.log(1 + (len(each) + 1) / (common[word] + 0.5)) for word in asked}
    whole = sum(weights[word] for word in sorted(asked)) or 1.0
    return {name: sum(weights[word] for word in sorted(those)) / whole for name, those in each.items()}


def bent(value: float, middle: float) -> float:
    """``value`` on the straight lines through (0, 0), (``middle``, 0.5) and (1, 1)."""
    if math.isnan(value):
        return 0.0
    if value <= middle:
        return max(0.0, NEAR * value / middle)
    return min(1.0, NEAR + (1 - NEAR) * (value - middle) / (1 - middle))


def background(cosines: Iterable[float]) -> float:
    """The mean of ``cosines`` behind the highest: what is near because it is of the same subject."""
    others = sorted(cosines, reverse=True)[_BEHIND]
    return math.fsum(others) / len(others) if others else BACKGROUND


def relevance(cosine: float, share: float, others: float, limit: Limits) -> float:
    """Relevance by meaning and words, ``others`` being the background."""
    whole = 1 + WORDS
    both = bent((cosine + WORDS * share) / whole, limit.both / whole)
    return max(both, bent(cosine, limit.alone)) if cosine - others >= STANDS_OUT else both


def nearness(question: str, candidates: Sequence[Candidate], model: str | None) -> Nearness:
    """What gives a candidate's relevance to ``question``; ``model`` made the cosines, None for none."""
    share = shares(question, candidates)
    limit = None if model is None else limits(model)
    others = background(one.cosine for one in candidates if one.cosine is not None)
    asked = words(question)
    held = holding(asked)

    def of(candidate: Candidate) -> float:
        part = share.get(candidate.memory.id, 0.0)
        if limit is not None and candidate.cosine is not None:
            return relevance(candidate.cosine, part, others, limit)
        if len(asked) > 1 and len(held(candidate.memory.content)) < LEAST:
            return min(bent(part, SHARE_ALONE), NEAR - 0.01)
        return bent(part, SHARE_ALONE)

    return of
