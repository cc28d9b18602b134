"""One item asked of an engine, and how the answer is marked.

It knows no domain and no file; what several outcomes say together is for `modes.evaluation.statistics`.

The headline of a choice is the option of the highest log-likelihood per UTF-8 byte: it depends neither on how
long the options are nor on how a tokenizer cuts them, and a Cherokee letter is three bytes and up to as many
tokens. lm-evaluation-harness's ``acc`` is the pick by the sum, and its ``acc_norm`` divides by the length in
characters; the sum and the mean per token are kept beside it.
"""

from __future__ import annotations

import math
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Required, TypedDict

from engine.contract import Engine, Message, Request, Sampling, Scales
from modes.evaluation.item import Item, Kind
from modes.evaluation.sandbox import Limits, run_tests

#: Bytes of a text that are read at once: no more tokens than that, so that any context holds it.
PIECE = 1000
_ANSWER_TOKENS = 64
_PROGRAM_TOKENS = 512
_GREEDY = Sampling(temperature=0.0)
_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\n(.*?)(?:^```|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Setting:
    """How items are put. ``scales``: which coefficients, none for the base.

    Without ``chat`` a choice is put as plain text, for a base model that has no template; what is generated
    always goes through one. ``limits`` are for programs.
    """

    system: str | None = None
    scales: Scales = ()
    chat: bool = True
    limits: Limits = Limits()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one item.

    ``log_likelihoods`` (nats, summed), ``tokens`` and ``sizes`` (UTF-8 bytes) have an entry for each option
    of a ``choice``, and one for a ``text``, for which ``correct`` is False and `bits_per_byte` counts.
    ``text`` is what was generated, ``note`` how its tests ended.
    """

    item: str
    correct: bool
    seconds: float
    gold: int | None = None
    log_likelihoods: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    text: str = ""
    note: str = ""

    @property
    def per_byte(self) -> tuple[float, ...]:
        """Nats for each byte of each option."""
        return tuple(_ratios(self.log_likelihoods, self.sizes))

    @property
    def picked(self) -> int | None:
        """The option of the highest log-likelihood per byte: the headline. None where there are none."""
        return _best(self.per_byte) if self.gold is not None else None

    @property
    def picked_by_sum(self) -> int | None:
        """The likeliest option as it stands: ``acc`` of lm-evaluation-harness."""
        return _best(self.log_likelihoods) if self.gold is not None else None

    @property
    def bits_per_byte(self) -> float | None:
        """−Σ log-likelihood / (ln 2 × bytes) of a text; None of anything else."""
        if self.gold is not None or not self.sizes:
            return None
        return -sum(self.log_likelihoods) / (math.log(2) * max(1, sum(self.sizes)))


class _Marks(TypedDict, total=False):
    """Fields of `Outcome`."""

    correct: Required[bool]
    gold: int
    log_likelihoods: tuple[float, ...]
    tokens: tuple[int, ...]
    sizes: tuple[int, ...]
    text: str
    note: str


def score_item(engine: Engine, item: Item, setting: Setting = Setting()) -> Outcome:
    """Ask and mark one item. Raises what `Engine.score` and `Engine.generate` raise."""
    began = time.perf_counter()
    marks = _MARKS[item.kind](engine, item, setting)
    return Outcome(item=item.id, seconds=time.perf_counter() - began, **marks)


def normalised(answer: str) -> str:
    """NFC, case folded, runs of white space one space: what may differ between two right answers.

    ``casefold`` and not ``lower``: that moves Cherokee letters where nobody writes them.
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", answer).casefold())
    return " ".join(folded.split())


def extracted(answer: str) -> str:
    """The first fenced block of an answer, closed or not; without one all of it."""
    fenced = _FENCE.search(answer)
    return fenced[1] if fenced else answer


def pieces(text: str, size: int = PIECE) -> list[str]:
    """A text in parts of at most ``size`` bytes, cut after white space where there is any."""
    parts, rest = [], text
    while rest:
        head = rest.encode()[:size].decode(errors="ignore")
        if len(head) < len(rest):
            cut = max((at for at, letter in enumerate(head) if letter.isspace()), default=len(head) - 1)
            head = head[: cut + 1]
        parts.append(head)
        rest = rest[len(head) :]
    return parts


def _choice(engine: Engine, item: Item, setting: Setting) -> _Marks:
    if setting.chat:
        scores = engine.score(_messages(item, setting), item.choices, setting.scales)
    else:
        scores = engine.score(_plain(item, setting), [f" {text}" for text in item.choices], setting.scales)
    likely = tuple(math.fsum(score) for score in scores)
    sizes = tuple(len(choice.encode()) for choice in item.choices)
    return {
        "correct": _best(_ratios(likely, sizes)) == item.gold,
        "gold": item.gold,
        "log_likelihoods": likely,
        "tokens": tuple(len(score) for score in scores),
        "sizes": sizes,
    }


def _exact(engine: Engine, item: Item, setting: Setting) -> _Marks:
    answer = ""
    for piece in _generated(engine, item, setting, _ANSWER_TOKENS):
        answer += piece
        if "\n" in answer.lstrip():
            break
    line = answer.strip().partition("\n")[0].strip()
    return {"correct": normalised(line) in map(normalised, item.accepted), "text": line}


def _code(engine: Engine, item: Item, setting: Setting) -> _Marks:
    answer = "".join(_generated(engine, item, setting, _PROGRAM_TOKENS))
    verdict = run_tests(extracted(answer), item.tests, setting.limits)
    last = verdict.output.strip().rpartition("\n")[2]
    note = verdict.ending if verdict.passed or not last else f"{verdict.ending}: {last}"
    return {"correct": verdict.passed, "text": answer, "note": note}


def _text(engine: Engine, item: Item, setting: Setting) -> _Marks:
    """Every part is read from the beginning of a text: no template, and no system prompt."""
    scores = [engine.score("", [part], setting.scales)[0] for part in pieces(item.prompt)]
    return {
        "correct": False,
        "log_likelihoods": (math.fsum(map(math.fsum, scores)),),
        "tokens": (sum(map(len, scores)),),
        "sizes": (len(item.prompt.encode()),),
    }


def _generated(engine: Engine, item: Item, setting: Setting, most: int) -> Iterator[str]:
    """A greedy answer as it comes, without thinking where a model may be told so."""
    request = Request(
        tuple(_messages(item, setting)), _GREEDY, max_tokens=most, scales=setting.scales, thinking=False
    )
    return (chunk.text for chunk in engine.generate(request))


def _messages(item: Item, setting: Setting) -> list[Message]:
    system = [Message("system", setting.system)] if setting.system else []
    return [*system, Message("user", item.prompt)]


def _plain(item: Item, setting: Setting) -> str:
    system = f"{setting.system}\n\n" if setting.system else ""
    return f"{system}Question: {item.prompt}\nAnswer:"


def _ratios(values: Sequence[float], by: Sequence[int]) -> list[float]:
    return [value / max(1, size) for value, size in zip(values, by, strict=True)]


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


_MARKS: dict[Kind, Callable[[Engine, Item, Setting], _Marks]] = {
    "choice": _choice,
    "exact": _exact,
    "code": _code,
    "text": _text,
}
