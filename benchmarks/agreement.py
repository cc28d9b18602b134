"""How far the engines are from each other: log-probabilities of the same tokens, base and modes.

``python -m benchmarks agreement [--server URL ...]``. All are compared with the starter's weights in float32,
computed in NumPy, which shares no code with any of them. An engine that scores is asked for the likelihood of
every token of some answers; a server that does not score is asked for its ten likeliest next tokens.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.dequantised import write_dequantised
from benchmarks.places import STARTER, Opening, anywhere, installed, with_llama
from benchmarks.report import say
from engine.contract import Engine, NotOffered, Request, Sampling, Scales
from engine.llama.engine import LlamaEngine
from engine.remote.engine import RemoteEngine
from engine.remote.refusals import refusal
from modes.share.library import Library, Shelved
from tests.engine.llama.answers import talk
from tests.engine.random_modes import changes
from tests.engine.reference import DenseLlama
from tui.core.coefficients import SHIPPED

#: Questions, each with an answer whose tokens are looked at.
ASKED = (
    ("Which section of 38 CFR covers secondary service connection?", "It is 38 CFR 3.310, in part 3."),
    ("How do you say wolf in Cherokee?", "ᏩᏯ"),
)
#: How many of a server's likeliest tokens are looked at.
_LIKELIEST = 10
#: Largest difference (nats) that an engine may have: what computes in float32, and what rounds activations to
#: eight bits as llama.cpp does for packed weights. K and V are float16 in llama.cpp, also of an F32 file.
EXACT, HALF, ROUNDED = 0.002, 0.05, 2.0


@dataclass(frozen=True)
class Expected:
    """Of a question in a setting, nats: ``ends`` of the answer's tokens, ``following`` of every first one."""

    ends: NDArray[np.float64]
    following: NDArray[np.float64]


#: By setting, of every question.
Known = dict[Scales, list[Expected]]


def expected(
    dense: DenseLlama, spelling: LlamaEngine, shelved: Shelved, scales: Scales, asked: tuple[str, str]
) -> Expected:
    """What float32 makes of one question and answer; ``scales`` is the base or one mode."""
    prompt = spelling._model.prompt_tokens(spelling._template.answer(talk(asked[0])))
    end = spelling._model.tokenize(asked[1], special=False, parse=False)
    change = changes(shelved.basis, shelved.modes[scales[0][0]]) if scales else None
    rows = dense.logits([*prompt, *end], change)[len(prompt) - 1 : -1].astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    return Expected(rows[np.arange(len(end)), end], rows[0])


def difference(engine: Engine, known: Expected, scales: Scales, asked: tuple[str, str]) -> float:
    """The largest one (nats) of ``engine``; NaN where it tells nothing."""
    try:
        told = engine.score(talk(asked[0]), [asked[1]], scales)[0]
    except NotOffered:
        assert isinstance(engine, RemoteEngine)
        told_of = likeliest(engine, asked[0], scales).items()
        return float(max((abs(known.following[at] - one) for at, one in told_of), default=np.nan))
    return float(np.abs(known.ends - np.asarray(told)).max())


def likeliest(engine: RemoteEngine, question: str, scales: Scales) -> dict[int, float]:
    """Log-probabilities (nats) of the likeliest first tokens of an answer, which servers tell beside it.

    None where the answer begins with a part of a letter: llama-server does not tell those.
    """
    profile, wire = engine._profile, engine._wire
    asked = Request(talk(question), Sampling(0.0), max_tokens=1)
    body = {**profile.body(asked, 1), **profile.wear(scales)}
    del body["stream_options"]
    body |= {"stream": False, "logprobs": True, "top_logprobs": _LIKELIEST}
    reply = wire.ask("POST", f"{wire.address.api}/chat/completions", body, seconds=600.0)
    if not reply.good:
        raise refusal(reply, wire.address.shown)
    told = (reply.table["choices"][0].get("logprobs") or {}).get("content") or [{"top_logprobs": []}]
    return {one["id"]: one["logprob"] for one in told[0]["top_logprobs"]}


def main(urls: Sequence[str] = ()) -> None:
    """Print the table: a line an engine, a column the base or a mode."""
    shelved = Library(SHIPPED).load()
    known = all_expected(shelved)
    say("Largest difference of a log-probability (nats) from the same weights in float32")
    say(f"  {'':<44} {'base':>9} {''.join(f'{name:>11}' for name in shelved.modes)}  tolerance")
    for name, allowed, opening in _all(urls):
        tell(name, allowed, opening, shelved, known)


def all_expected(shelved: Shelved) -> Known:
    """Of all questions in the base and every mode."""
    spelling, dense = with_llama(), DenseLlama(STARTER, kept=np.float32)
    settings: list[Scales] = [(), *(((name, 1.0),) for name in shelved.modes)]
    known = {
        scales: [expected(dense, spelling, shelved, scales, asked) for asked in ASKED] for scales in settings
    }
    spelling.close()
    return known


def tell(name: str, allowed: float, opening: Opening, shelved: Shelved, known: Known) -> None:
    """Measure one engine and print its line."""
    with installed(opening, shelved) as engine:
        worst = [
            np.fmax.reduce(
                [difference(engine, *both) for both in zip(right, repeat(scales), ASKED, strict=False)]
            )
            for scales, right in known.items()
        ]
    figures = f"{worst[0]:>9.5f} {''.join(f'{one:>11.5f}' for one in worst[1:])}"
    say(f"  {name:<44} {figures}  {allowed}{'' if not any(one > allowed for one in worst) else ' EXCEEDED'}")


def _all(urls: Sequence[str]) -> Iterator[tuple[str, float, Opening]]:
    """Every engine with its tolerance; how far each may be depends on what it computes with."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_dequantised(STARTER, Path(folder) / "starter-f32.gguf")
        yield "llama.cpp, the same weights in F32", HALF, lambda: with_llama(path)
    yield from ((name, tolerance(name), opening) for name, opening in anywhere(urls))


def tolerance(name: str) -> float:
    """How far (nats) an engine of this name may be."""
    return ROUNDED if name.startswith("llama") else EXACT
