"""Whether a memory is about the question at all: its relevance, and the threshold under which none is shown.

Relevance is 0 to 1, and the same for every embedding model: 0.5 is just near enough to be shown, 1 says what
the question says. A memory has to be near, and nearer than others: the lower of two readings, each on lines
through (0, 0), (its threshold, 0.5) and (1, 1):

- the cosine with the question, whose threshold is the model's own;
- the cosine, and `WORDS` times the share of the question's rare words that the memory has, above the
  background. Among many memories of one subject some are always near to a question that none of them answers;
  what answers it stands out, and mostly has its rare words.

Where there are no cosines it is the share of rare words alone.

A word weighs as much as it is rare among the candidates: one that all have counts for little. One that none
has weighs no more than one that a single candidate has: among few memories it says little that a word of the
question is in none of them. The thresholds were found by ``benchmarks/retrieval.py``;
``benchmarks/keywords.py`` says how often words alone find something.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from memory.contract import Candidate
from memory.record import plain, spelled

NEAR = 0.5
#: Cosines from which a memory may be near enough, by the name of the model before "@".
THRESHOLDS = {"all-minilm-l6-v2": 0.45}
#: For a model that nobody has measured: few put strangers so near.
UNKNOWN_MODEL = 0.7
#: What the share of rare words adds to the cosine, and how far above the background both have to be.
WORDS, STANDS_OUT = 0.4, 0.3
#: The background where there are too few candidates to tell: what texts of other subjects have (MiniLM).
BACKGROUND = 0.15
#: Which candidates are the background, by cosine: not the nearest, which may all answer, nor those far off.
_BEHIND = slice(10, 50)
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


def threshold(model: str) -> float:
    """The cosine from which a memory may be near enough by ``model``."""
    name = model.partition("@")[0].rpartition("/")[2].casefold()
    return THRESHOLDS.get(name, UNKNOWN_MODEL)


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
    return set(_WORD.findall(spelled(plain(text[:_READ]))))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == "s" else word


def shares(question: str, candidates: Sequence[Candidate]) -> dict[str, float]:
    """By id, the share of the question's words, weighed by rarity among ``candidates``, that each has."""
    asked = words(question)
    held = holding(asked)
    each = {one.memory.id: held(one.memory.content) for one in candidates}
    common = Counter(word for those in each.values() for word in those)
    weights = {word: math.log(1 + (len(each) + 1) / (max(common[word], 1) + 0.5)) for word in asked}
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


def relevance(cosine: float, share: float, others: float, least: float, out: float = STANDS_OUT) -> float:
    """Relevance by meaning and words: ``others`` is the background, ``least`` the model's threshold."""
    return min(bent(cosine, least), bent(cosine + WORDS * share - others, out))


def nearness(question: str, candidates: Sequence[Candidate], model: str | None) -> Nearness:
    """What gives a candidate's relevance to ``question``; ``model`` made the cosines, None for none."""
    share = shares(question, candidates)
    least = None if model is None else threshold(model)
    others = background(one.cosine for one in candidates if one.cosine is not None)
    asked = words(question)
    held = holding(asked)

    def of(candidate: Candidate) -> float:
        part = share.get(candidate.memory.id, 0.0)
        if least is not None and candidate.cosine is not None:
            return relevance(candidate.cosine, part, others, least)
        if len(asked) > 1 and len(held(candidate.memory.content)) < LEAST:
            return min(bent(part, SHARE_ALONE), NEAR - 0.01)
        return bent(part, SHARE_ALONE)

    return of
