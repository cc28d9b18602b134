"""A mode is W0 + U C Vᵀ, a blend is the sum, and off is the base bit for bit: whatever engine computes it."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract import AdapterRefused, NotInstalled, WrongBase
from engine.lowrank import Basis, Coefficients, Core, blend
from tests.engine.contract.conftest import Subject
from tests.engine.llama.answers import ask
from tests.engine.random_modes import changes, random_basis, random_coefficients

TEXT = "The river carries what the mountain gave away, and asks for nothing. ᏣᎳᎩ"

#: Largest difference of a logit (their deviation is 1) from the dense reference, which rounds K and V to
#: float16 as llama.cpp does, and MLX does not: seen here up to 2.3e-3, where modes move logits by 3.
TIGHT = 5e-3


def logits(subject: Subject, *scales: tuple[str, float]) -> NDArray[np.float32]:
    return subject.engine.logits(subject.engine.tokenize(TEXT), scales)


def reference(subject: Subject, *scales: tuple[str, float]) -> NDArray[np.float32]:
    wanted = blend([(subject.modes[name], scale) for name, scale in scales])
    return subject.dense.logits(subject.engine.tokenize(TEXT), changes(subject.basis, wanted))


def test_the_base_agrees_with_a_dense_reference(subject: Subject) -> None:
    np.testing.assert_allclose(logits(subject), reference(subject), atol=TIGHT)


@pytest.mark.parametrize("mode", ["a", "b", "c"])
def test_a_mode_agrees_with_a_dense_reference_of_the_changed_weights(subject: Subject, mode: str) -> None:
    ours, theirs = logits(subject, (mode, 1.0)), reference(subject, (mode, 1.0))
    assert np.abs(theirs - reference(subject)).max() > 100 * TIGHT, "the mode was to change something"
    np.testing.assert_allclose(ours, theirs, atol=TIGHT)


@pytest.mark.parametrize("scale", [-1.0, 0.3, 2.0])
def test_a_scale_multiplies_the_change(subject: Subject, scale: float) -> None:
    np.testing.assert_allclose(logits(subject, ("a", scale)), reference(subject, ("a", scale)), atol=TIGHT)


def test_a_blend_of_installed_modes_is_the_sum_of_their_changes(subject: Subject) -> None:
    scales = (("a", 0.7), ("b", 0.3), ("c", -0.5))
    np.testing.assert_allclose(logits(subject, *scales), reference(subject, *scales), atol=TIGHT)
    assert np.array_equal(logits(subject, *scales), logits(subject, *scales[::-1])), "order does not count"


def test_a_blend_made_beforehand_is_the_blend_of_what_is_installed(subject: Subject) -> None:
    parts = (("a", 0.7), ("b", 0.3))
    subject.engine.install(
        "blended", subject.basis, blend([(subject.modes[name], weight) for name, weight in parts])
    )
    np.testing.assert_allclose(logits(subject, ("blended", 1.0)), logits(subject, *parts), atol=TIGHT)
    subject.engine.remove("blended")


def test_modes_of_different_subspaces_are_blended_too(subject: Subject) -> None:
    shapes = {name: (len(one.up), len(one.down)) for name, one in subject.basis.modules.items()}
    other = random_basis(shapes, 4, subject.basis.base, seed=5)
    foreign = random_coefficients(other, 0.4, 5)
    subject.engine.install("foreign", other, foreign)
    both = changes(subject.basis, subject.modes["a"], 0.7)
    for name, change in changes(other, foreign, 0.5).items():
        both[name] = both[name] + change
    expected = subject.dense.logits(subject.engine.tokenize(TEXT), both)
    np.testing.assert_allclose(logits(subject, ("a", 0.7), ("foreign", 0.5)), expected, atol=TIGHT)
    subject.engine.remove("foreign")


def test_off_is_the_base_bit_for_bit_after_switches_in_any_order(subject: Subject) -> None:
    order = random.Random(1)
    settings = ((), (("a", 1.0),), (("a", 0.7), ("b", 0.3)))
    before = {scales: logits(subject, *scales) for scales in settings}
    for _ in range(30):
        scales = order.choice(settings)
        assert np.array_equal(logits(subject, *scales), before[scales])
        assert np.array_equal(logits(subject), before[()])


def test_a_scale_of_zero_is_off(subject: Subject) -> None:
    assert np.array_equal(logits(subject, ("a", 0.0)), logits(subject))
    assert np.array_equal(logits(subject, ("a", 1.0), ("a", -1.0)), logits(subject))


def test_what_one_mode_has_read_is_never_used_by_another(subject: Subject) -> None:
    orders = ((), (("a", 1.0),), (), (("b", 1.0),), (("a", 1.0),), ())
    seen = [ask(subject.engine, TEXT, max_tokens=12, scales=scales).tokens for scales in orders]
    assert seen[0] == seen[2] == seen[5]
    assert seen[1] == seen[4]
    assert len({tuple(tokens) for tokens in seen}) == 3


def test_new_coefficients_under_an_old_name_take_its_place(subject: Subject) -> None:
    for name in "ab":
        subject.engine.install("changing", subject.basis, subject.modes[name])
        assert np.array_equal(logits(subject, ("changing", 1.0)), logits(subject, (name, 1.0)))
    subject.engine.remove("changing")
    with pytest.raises(
        NotInstalled, match=r"no coefficients named changing are installed \(installed: a, b, c\)"
    ):
        logits(subject, ("changing", 1.0))
    with pytest.raises(NotInstalled):
        subject.engine.remove("changing")


def test_coefficients_for_another_base_are_refused_and_both_are_named(subject: Subject) -> None:
    foreign = Basis(subject.basis.modules, "0" * 64)
    ours = subject.engine.fingerprint()
    assert ours is not None
    with pytest.raises(WrongBase, match=f"d was made for base {'0' * 12}, .* tiny is {ours[:12]}"):
        subject.engine.install("d", foreign, subject.modes["a"])
    assert subject.engine.installed() == ("a", "b", "c")


def test_what_cannot_be_installed_leaves_the_old_one_in_place(subject: Subject) -> None:
    before = logits(subject, ("a", 1.0))
    for module, size in (("blk.0.attn_output.weight", 32), ("blk.9.attn_output.weight", 64)):
        strange = random_basis({module: (size, size)}, 4, subject.basis.base)
        with pytest.raises(AdapterRefused, match=r"a cannot be installed.*: .*blk"):
            subject.engine.install("a", strange, random_coefficients(strange, 1.0, 0))
    unfit = Coefficients({"blk.0.ffn_down.weight": Core(np.eye(3, dtype=np.float32))})
    with pytest.raises(AdapterRefused, match="core of size 3, subspace of rank 8"):
        subject.engine.install("a", subject.basis, unfit)
    assert np.array_equal(logits(subject, ("a", 1.0)), before)


def test_the_memory_of_every_mode_is_told(subject: Subject) -> None:
    sizes = subject.engine.adapter_sizes()
    assert list(sizes) == ["a", "b", "c"]
    assert min(sizes.values()) > 0
