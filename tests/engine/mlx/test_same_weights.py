"""Both engines on the starter's GGUF: the same tokens, the same logits nearly, the same greedy answers.

llama.cpp rounds activations to eight bits and MLX does not, so MLX is the closer to a dense reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader

from engine.contract import Message, Request, Scales
from engine.llama.engine import LlamaEngine
from engine.mlx.engine import MlxEngine, MlxOptions
from engine.mlx.gguf_model import load_gguf
from modes.share.library import Library, Shelved
from tests.engine.llama.answers import GREEDY, gather
from tests.engine.random_modes import changes
from tests.engine.reference import DenseLlama, divergence

#: One process reads the starter's logits once.
pytestmark = pytest.mark.xdist_group("same weights")

TEXT = "The river carries what the mountain gave."
MODES = ("cherokee", "coding", "legal", "reasoning")
SETTINGS: list[Scales] = [(), *(((mode, 1.0),) for mode in MODES)]

#: Mean divergence (nats) of what follows: seen here up to 0.024 from llama.cpp, where modes move it by 1.0
#: to 2.8, and their changes of the logits correlate at 0.990 and more.
LOOSE, ALIKE = 0.05, 0.98
#: Largest difference of a logit (they reach 40) from the dense reference of the same weights in float32.
TIGHT = 0.02


@pytest.fixture(scope="module")
def shelved() -> Shelved:
    return Library(Path("modes/starter")).load()


@pytest.fixture(scope="module")
def ours(starter: Path, fingerprints: Path, shelved: Shelved) -> Iterator[MlxEngine]:
    engine = MlxEngine(starter, MlxOptions(context=256, memo=fingerprints), lambda _fraction: True)
    for name, coefficients in shelved.modes.items():
        engine.install(name, shelved.basis, coefficients)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def theirs(starter_engine: LlamaEngine, shelved: Shelved) -> Iterator[LlamaEngine]:
    for name, coefficients in shelved.modes.items():
        starter_engine.install(name, shelved.basis, coefficients)
    yield starter_engine
    for name in shelved.modes:
        starter_engine.remove(name)


class Both:
    """Logits of the text through each engine, read once."""

    def __init__(self, ours: MlxEngine, theirs: LlamaEngine) -> None:
        self.tokens = ours.tokenize(TEXT)
        assert theirs.tokenize(TEXT) == self.tokens
        self.ours = cache(lambda scales: ours.logits(self.tokens, scales))
        self.theirs = cache(lambda scales: theirs.logits(self.tokens, scales))


@pytest.fixture(scope="module")
def both(ours: MlxEngine, theirs: LlamaEngine) -> Both:
    return Both(ours, theirs)


def test_it_is_the_same_base(ours: MlxEngine, theirs: LlamaEngine) -> None:
    assert ours.fingerprint() == theirs.fingerprint()
    assert [ours.info.parameters, ours.info.size] == [theirs.info.parameters, theirs.info.size]
    messages = [Message("system", "Be kind."), Message("user", "ᎣᏏᏲ 👩‍🚀 naïve\n  x = 1")]
    assert ours.count_tokens(messages) == theirs.count_tokens(messages)


@pytest.mark.parametrize("scales", SETTINGS, ids=["base", *MODES])
def test_the_logits_are_nearly_the_same(both: Both, scales: Scales) -> None:
    mlx, llama = both.ours(scales), both.theirs(scales)
    assert divergence(llama, mlx) < LOOSE
    if scales:
        assert divergence(mlx, both.ours(())) > 10 * LOOSE, "the mode was to change something"
        change, wanted = mlx - both.ours(()), llama - both.theirs(())
        assert np.corrcoef(change.ravel(), wanted.ravel())[0, 1] > ALIKE


@pytest.mark.parametrize("scales", [SETTINGS[0], SETTINGS[3]], ids=["base", "legal"])
def test_the_dense_reference_in_float32_agrees(
    both: Both, starter: Path, shelved: Shelved, scales: Scales
) -> None:
    dense = DenseLlama(starter, kept=np.float32)
    change = changes(shelved.basis, shelved.modes[scales[0][0]]) if scales else None
    np.testing.assert_allclose(both.ours(scales), dense.logits(both.tokens, change), atol=TIGHT)


@pytest.mark.parametrize("scales", SETTINGS, ids=["base", *MODES])
def test_the_greedy_answers_are_the_same(ours: MlxEngine, theirs: LlamaEngine, scales: Scales) -> None:
    asked = (Message("system", "."), Message("user", "What is 38 CFR 3.310?"))
    mlx, llama = (
        gather(engine.generate(Request(asked, GREEDY, 6, scales=scales))) for engine in (ours, theirs)
    )
    assert mlx.text
    assert [mlx.tokens, mlx.done] == [llama.tokens, llama.done]


def test_the_weights_stay_packed_as_they_are_in_the_file(starter: Path) -> None:
    loaded = load_gguf(starter, lambda _fraction: True)
    loaded.vocabulary.close()
    found = dict(loaded.model.named_modules())
    by_name = {tensor.name: tensor for tensor in GGUFReader(starter).tensors}
    for name, path in loaded.modules.items():
        bits = {"Q4_1": 4, "Q8_0": 8}[by_name[name].tensor_type.name]
        assert found[path].bits == bits
    embedding = found["model.embed_tokens"]
    assert embedding.bits == 8
