"""Coefficients by name, their versions, their blends, and their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.contract import AdapterRefused, NotInstalled
from engine.lowrank import Basis, Coefficients
from engine.remote.shelf import Folder, Kept, Shelf, version_of
from tests.engine.random_modes import changes, random_basis, random_coefficients

BASIS = random_basis({"blk.0.ffn_down.weight": (12, 8), "blk.1.ffn_down.weight": (12, 8)}, 3, "base")
A, B = (Kept.of(name, BASIS, random_coefficients(BASIS, 0.1, seed)) for seed, name in enumerate("ab"))


@pytest.fixture
def shelf() -> Shelf:
    both = Shelf()
    both.keep(A)
    both.keep(B)
    return both


def test_a_version_is_of_the_values_and_of_the_base_alone() -> None:
    assert version_of(A.basis, A.coefficients) == version_of(BASIS, Coefficients(dict(A.coefficients.cores)))
    assert version_of(A.basis, A.coefficients) != version_of(B.basis, B.coefficients)
    assert version_of(replace(BASIS, base="other"), A.coefficients) != version_of(BASIS, A.coefficients)


def test_a_blend_is_the_sum_of_its_parts(shelf: Shelf) -> None:
    mixed = shelf.blended((("a", 0.7), ("b", 0.5), ("a", -0.2)))
    assert mixed is not None
    assert mixed.label.startswith("a+b-")
    parts = changes(BASIS, A.coefficients, 0.5), changes(BASIS, B.coefficients, 0.5)
    for name, found in changes(BASIS, mixed.coefficients).items():
        np.testing.assert_allclose(found, parts[0][name] + parts[1][name], atol=1e-6)


def test_one_mode_whole_is_itself_and_nothing_is_the_base(shelf: Shelf) -> None:
    assert shelf.blended((("a", 1.0),)) is A
    assert shelf.blended(()) is None
    assert shelf.blended((("a", 0.5), ("a", -0.5))) is None


def test_modes_of_different_subspaces_are_not_blended(shelf: Shelf) -> None:
    other = random_basis({"blk.0.ffn_down.weight": (12, 8)}, 3, "base", seed=9)
    shelf.keep(Kept.of("b", other, random_coefficients(other, 0.1, 1)))
    with pytest.raises(AdapterRefused, match="different subspaces"):
        shelf.blended((("a", 0.5), ("b", 0.5)))


def test_what_is_not_there_is_named_with_what_is(shelf: Shelf) -> None:
    shelf.remove("b")
    with pytest.raises(NotInstalled, match=r"named b .*installed: a\)"):
        shelf.blended((("b", 1.0),))


def write(form: str, target: Path, basis: Basis, coefficients: Coefficients, base: Path) -> None:
    target.write_text(f"{form} {base}")


def test_a_folder_forgets_what_it_made_but_not_what_is_to_stay(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "adapters", "gguf", write, Path("base.gguf"))
    gone, kept = folder.put(A), folder.put(B, stay=True)
    assert gone.name == f"{A.label}.gguf"
    assert gone.read_text() == "gguf base.gguf"
    assert folder.put(A) == gone
    folder.clear()
    assert [path.name for path in folder.path.iterdir()] == [kept.name]


def test_what_another_program_wrote_meanwhile_is_taken_as_it_is(tmp_path: Path) -> None:
    other = tmp_path / f"{A.label}-peft"

    def slow(form: str, target: Path, basis: Basis, coefficients: Coefficients, base: Path) -> None:
        for path in (target, other):
            path.mkdir()
            (path / "adapter.safetensors").write_text("the same")

    folder = Folder(tmp_path, "peft", slow, Path("base.gguf"))
    assert folder.put(A) == other
    folder.clear()
    assert [path.name for path in tmp_path.iterdir()] == [other.name], "it is not ours to remove"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AdapterRefused, match="server_folder"):
        Folder(tmp_path / "file", "gguf", write, Path("base.gguf")).put(A)
