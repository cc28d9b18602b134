"""K and V in q8_0: half the memory, nearly the same answers, and flash attention with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.contract import Message, ModelUnusable, Request, Sampling
from engine.llama.engine import LlamaEngine, LlamaOptions

TEXT = "The river rises in the mountains, runs through three counties and ends in a lake near the sea."


@pytest.fixture(scope="module")
def small_kv(starter: Path, starter_engine: LlamaEngine, fingerprints: Path) -> Iterator[LlamaEngine]:
    options = LlamaOptions(context=512, slots=2, threads=1, kv="q8_0", memo=fingerprints)
    engine = LlamaEngine(starter, options, lambda _fraction: True)
    yield engine
    engine.close()


def test_the_next_tokens_are_nearly_as_likely_as_with_all_of_k_and_v(
    small_kv: LlamaEngine, starter_engine: LlamaEngine
) -> None:
    tokens = starter_engine.tokenize(TEXT)
    small, whole = (engine.logits(tokens) for engine in (small_kv, starter_engine))
    agreement = (small.argmax(axis=1) == whole.argmax(axis=1)).mean()
    assert agreement >= 0.9
    assert not np.array_equal(small, whole)


def test_what_was_read_is_found_again(small_kv: LlamaEngine) -> None:
    request = Request((Message("user", TEXT),), Sampling(temperature=0), max_tokens=8)
    first, again = (list(small_kv.generate(request)) for _ in range(2))
    assert [chunk.text for chunk in first] == [chunk.text for chunk in again]
    assert again[-1].usage is not None
    assert again[-1].usage.cached_tokens > 0.9 * again[-1].usage.prompt_tokens


def test_flash_attention_is_on_and_the_engine_says_why(small_kv: LlamaEngine) -> None:
    assert "flash attention on: K and V in q8_0 need it" in small_kv.info.tuning


def test_where_flash_attention_is_forbidden_it_says_what_to_leave_out(starter: Path) -> None:
    with pytest.raises(ModelUnusable, match="leave out --no-flash-attention, or --kv"):
        LlamaEngine(starter, LlamaOptions(kv="q8_0", flash=False), lambda _fraction: True)


def test_a_refusal_of_the_engine_offers_what_it_then_opens(starter: Path, fingerprints: Path) -> None:
    asked = LlamaOptions(context=1 << 22, slots=1, threads=1, memo=fingerprints)
    with pytest.raises(ModelUnusable, match=r"what fits is .*--context (\d+)"):
        LlamaEngine(starter, asked, lambda _fraction: True)
