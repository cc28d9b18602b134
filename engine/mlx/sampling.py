"""How the next token is drawn, in the order and with the meanings of llama.cpp's chain.

Bias, penalties over what was written, top-k, top-p, min-p, temperature, draw; greedy at temperature 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.bias import Spelling, bias_tokens
from engine.contract import BadConstraint, Request, Sampling
from engine.mlx.library import mx

#: Log-probabilities (rows × vocabulary) to tokens (rows,).
Sampler = Callable[[Any], Any]
#: The tokens of a row so far and its logits (1 × vocabulary) to logits.
Processor = Callable[[Any, Any], Any]


def greedy(logprobs: Any) -> Any:
    """The likeliest; the same object for all, so that mlx-lm asks it once for the whole batch."""
    return mx.argmax(logprobs, axis=-1)


def sampler(sampling: Sampling, seed: int) -> Sampler:
    """For one answer: its draws follow from ``seed`` alone."""
    if sampling.temperature <= 0:
        return greedy
    key = mx.random.key(seed)

    def draw(logprobs: Any) -> Any:
        nonlocal key
        key, now = mx.random.split(key)
        order = _best(logprobs, sampling.top_k)
        kept = mx.take_along_axis(logprobs, order, axis=-1)
        chances = mx.softmax(kept, axis=-1)
        before = mx.cumsum(chances, axis=-1) - chances
        likely = (before < sampling.top_p) & (chances >= sampling.min_p * chances[:, :1])
        likely[:, 0] = True
        warm = mx.where(likely, kept / sampling.temperature, -mx.inf)
        return mx.take_along_axis(order, mx.random.categorical(warm, key=now)[:, None], axis=-1)[:, 0]

    return draw


def processors(request: Request, prompt: int, vocabulary: Spelling) -> list[Processor]:
    """What is done to the logits of one answer after a prompt of so many tokens. Raises `BadConstraint`."""
    if request.grammar is not None or request.json_schema is not None:
        raise BadConstraint(
            "the MLX engine cannot hold an answer to a grammar or a JSON schema: leave it out, "
            "or use the llama.cpp engine"
        )
    found: list[Processor] = []
    if biases := bias_tokens(request, vocabulary):
        bias = mx.zeros(vocabulary.vocab_size).at[mx.array(list(biases))].add(mx.array(list(biases.values())))
        found.append(lambda _tokens, logits: logits + bias.astype(logits.dtype))
    sampling = request.sampling
    penalties = (sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty)
    if penalties != (1.0, 0.0, 0.0) and sampling.repeat_last_n != 0:
        found.append(_penalties(sampling, prompt))
    return found


def _penalties(sampling: Sampling, prompt: int) -> Processor:
    """Over the last tokens of the answer; those of the prompt do not count."""

    def penalise(tokens: Any, logits: Any) -> Any:
        written = tokens[prompt:]
        if sampling.repeat_last_n > 0:
            written = written[-sampling.repeat_last_n :]
        if not written.size:
            return logits
        counts = mx.zeros(logits.shape[-1]).at[written].add(1.0)
        repeated = mx.where(logits > 0, logits / sampling.repeat_penalty, logits * sampling.repeat_penalty)
        seen = counts > 0
        change = counts * sampling.frequency_penalty + seen * sampling.presence_penalty
        return mx.where(seen, repeated, logits) - change

    return penalise


def _best(logprobs: Any, count: int) -> Any:
    """Tokens in order of their probability, ``count`` of them (0: all)."""
    size = logprobs.shape[-1]
    if 0 < count < size:
        best = mx.argpartition(-logprobs, kth=count - 1, axis=-1)[:, :count]
        inner = mx.argsort(-mx.take_along_axis(logprobs, best, axis=-1), axis=-1)
        return mx.take_along_axis(best, inner, axis=-1)
    return mx.argsort(-logprobs, axis=-1)
