"""An adapter taken in is a mode; every other one, and every note, stays."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from modes.share.library import Library, LibraryError, Shelved
from modes.share.subspace import reconstructed
from modes.share.taking import opened, take, without
from tests.modes.share.adapters import adapter, dense


def took(library: Library, name: str, seed: int, origin: dict[str, object]) -> Shelved:
    old = opened(library, "base", "model.gguf")
    return take(library, old, name, adapter(seed), origin).shelved


def test_the_others_stay_what_they_were(tmp_path: Path) -> None:
    library = Library(tmp_path)
    took(library, "one", 1, {"imported": "here"})
    before = library.load()
    took(library, "two", 2, {"trained": {"seed": 0}})
    after = library.load()
    old = reconstructed(before.basis, before.modes["one"])
    for name, change in reconstructed(after.basis, after.modes["one"]).items():
        assert np.allclose(dense(change), dense(old[name]), atol=1e-6)
    assert after.notes == {"imported": {"one": "here"}, "trained": {"two": {"seed": 0}}}


def test_a_mode_taken_in_again_has_its_last_origin_alone(tmp_path: Path) -> None:
    library = Library(tmp_path)
    took(library, "one", 1, {"imported": "here"})
    took(library, "one", 2, {"trained": {"seed": 0}})
    assert library.load().notes == {"trained": {"one": {"seed": 0}}}


def test_what_is_taken_out_leaves_no_note_and_no_other_mode_changes(tmp_path: Path) -> None:
    library = Library(tmp_path)
    took(library, "one", 1, {"imported": "here"})
    whole = took(library, "two", 2, {"trained": {"seed": 0}})
    rest = without(whole, "one")
    assert list(rest.modes) == ["two"] and rest.modes["two"] is whole.modes["two"]
    assert rest.notes == {"trained": {"two": {"seed": 0}}}


def test_another_base_is_refused_with_what_to_do(tmp_path: Path) -> None:
    took(Library(tmp_path), "one", 1, {})
    with pytest.raises(LibraryError, match=r"is for base base, and other.gguf is other: .*--model"):
        opened(Library(tmp_path), "other", "other.gguf")


def test_what_is_shipped_for_the_base_is_begun_with(tmp_path: Path) -> None:
    shipped = Library(tmp_path / "shipped")
    took(shipped, "legal", 1, {"trained": {}})
    own = Library(tmp_path / "own")
    assert list(opened(own, "base", "m", shipped).modes) == ["legal"]
    assert opened(own, "other", "m", shipped).modes == {}
    assert take(own, opened(own, "base", "m", shipped), "river", adapter(2), {}).version == "v2"
    assert list(own.load().modes) == ["legal", "river"]
    assert list(shipped.load().modes) == ["legal"]
    assert own.rollback() == "v1"
    assert list(own.load().modes) == ["legal"], "what is shipped can be gone back to"


def test_what_another_process_took_in_meanwhile_stays(tmp_path: Path) -> None:
    library = Library(tmp_path)
    took(library, "one", 1, {"imported": "here"})
    old = opened(library, "base", "model.gguf")
    took(Library(tmp_path), "two", 2, {"imported": "there"})
    library.note(lambda notes: {**notes, "verified": {"two": {}}})
    taken = take(library, old, "three", adapter(3), {"trained": {}})
    assert taken.version == "v3"
    found = library.load()
    assert list(found.modes) == ["one", "two", "three"]
    assert found.notes["imported"] == {"one": "here", "two": "there"}
    assert found.notes["verified"] == {"two": {}}


def test_who_comes_first_into_an_empty_library_stays_too(tmp_path: Path) -> None:
    library = Library(tmp_path)
    old = opened(library, "base", "model.gguf")
    took(Library(tmp_path), "one", 1, {})
    take(library, old, "two", adapter(2), {})
    assert list(library.load().modes) == ["one", "two"]


def test_a_promotion_that_dies_half_way_leaves_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path)
    took(library, "one", 1, {})

    def dead(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", dead)
    with pytest.raises(LibraryError, match=r"No space left on device.*: v1 stays current"):
        took(library, "two", 2, {})
    monkeypatch.undo()
    assert (library.current(), list(library.load().modes)) == ("v1", ["one"])
    took(library, "two", 2, {})
    assert list(library.load().modes) == ["one", "two"]
