"""Which coefficients a turn gets: the operator's, those shipped, or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.contract import Scales
from engine.llama.engine import LlamaEngine
from engine.lowrank import Coefficients, Core
from modes.share.checking import digest
from modes.share.library import Library, Shelved
from modes.share.subspace import seeded
from tui.core.coefficients import CoefficientsUnusable, Wardrobe, Worn

pytestmark = pytest.mark.model

LEGAL: Scales = (("legal", 1.0),)


def shelve(folder: Path, base: str, *names: str, checked: bool = True) -> Path:
    basis = seeded({"blk.0.ffn_down.weight": (576, 1536)}, 2, base, 1)
    core = Core(np.eye(2, dtype=np.float32) * 0.01)
    modes = {name: Coefficients({"blk.0.ffn_down.weight": core}) for name in names}
    records = {name: {"digest": digest(basis, one)} for name, one in modes.items() if checked}
    Library(folder).save(Shelved(basis, modes, {"verified": records}))
    return folder


@pytest.fixture
def base(starter_engine: LlamaEngine) -> str:
    return starter_engine.fingerprint() or ""


def test_shipped_coefficients_hold_as_long_as_there_are_none_of_ones_own(
    starter_engine: LlamaEngine, base: str, tmp_path: Path
) -> None:
    wardrobe = Wardrobe(tmp_path / "own", shelve(tmp_path / "shipped", base, "legal"))
    assert wardrobe.prepare(starter_engine, LEGAL) == Worn(LEGAL, "shipped v1")
    assert "legal" in starter_engine.installed()
    shelve(tmp_path / "own", base, "legal", "river")
    assert wardrobe.prepare(starter_engine, LEGAL) == Worn(LEGAL, "v1")
    starter_engine.remove("legal")


def test_where_none_can_be_installed_modes_speak_by_their_prompt(
    starter_engine: LlamaEngine, base: str, tmp_path: Path
) -> None:
    class Server:
        info = replace(starter_engine.info, prompt_only="this server takes none")

    wardrobe = Wardrobe(shelve(tmp_path / "own", base, "legal"))
    server: Any = Server()
    assert wardrobe.prepare(server, LEGAL) == Worn((), None, ("legal",))
    assert wardrobe.held(server) is None


def test_coefficients_shipped_for_another_base_are_left_out_and_said_to_be(
    starter_engine: LlamaEngine, tmp_path: Path
) -> None:
    wardrobe = Wardrobe(tmp_path / "own", shelve(tmp_path / "shipped", "another", "legal"))
    assert wardrobe.prepare(starter_engine, LEGAL) == Worn((), None, ("legal",))
    assert "legal" not in starter_engine.installed()


def test_what_is_shipped_for_another_base_is_read_once_and_not_with_every_turn(
    starter_engine: LlamaEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wardrobe = Wardrobe(tmp_path / "own", shelve(tmp_path / "shipped", "another", "legal"))
    wardrobe.prepare(starter_engine, LEGAL)
    monkeypatch.setattr(Library, "load", lambda *_: pytest.fail("read again"))
    assert wardrobe.prepare(starter_engine, LEGAL) == Worn((), None, ("legal",))
    assert wardrobe.held(starter_engine) is None


def test_ones_own_subspace_without_a_shipped_mode_leaves_that_one_out(
    starter_engine: LlamaEngine, base: str, tmp_path: Path
) -> None:
    shipped, own = shelve(tmp_path / "shipped", base, "legal"), shelve(tmp_path / "own", base, "river")
    worn = Wardrobe(own, shipped).prepare(starter_engine, (("river", 0.5), ("legal", 0.5)))
    assert worn == Worn((("river", 0.5),), "v1", ("legal",))
    starter_engine.remove("river")


def test_a_name_that_is_nowhere_is_an_error_that_says_what_there_is(
    starter_engine: LlamaEngine, base: str, tmp_path: Path
) -> None:
    wardrobe = Wardrobe(tmp_path / "own", shelve(tmp_path / "shipped", base, "legal"))
    with pytest.raises(CoefficientsUnusable, match=r"no coefficients called lake .*\(there are: legal\)"):
        wardrobe.prepare(starter_engine, (("lake", 1.0),))


def test_a_turn_without_scales_looks_at_no_subspace(starter_engine: LlamaEngine, tmp_path: Path) -> None:
    assert Wardrobe(tmp_path, tmp_path).prepare(starter_engine, ()) == Worn(())


def test_what_nobody_has_checked_is_left_out_until_asked_for_by_name(
    starter_engine: LlamaEngine, base: str, tmp_path: Path
) -> None:
    asked: set[str] = set()
    own = shelve(tmp_path / "own", base, "river", checked=False)
    wardrobe = Wardrobe(own, tmp_path / "shipped", asked)
    river: Scales = (("river", 0.5),)
    assert wardrobe.prepare(starter_engine, river) == Worn((), None, (), ("river",))
    assert "river" not in starter_engine.installed()
    asked.add("river")
    assert wardrobe.prepare(starter_engine, river) == Worn(river, "v1")
    starter_engine.remove("river")


def test_a_check_made_while_the_program_runs_counts_and_one_of_other_numbers_does_not(
    starter_engine: LlamaEngine, base: str, tmp_path: Path
) -> None:
    own = shelve(tmp_path / "own", base, "river", checked=False)
    wardrobe, library = Wardrobe(own, tmp_path / "shipped"), Library(own)
    library.note(lambda _: {"verified": {"river": {"digest": "of something else"}}})
    assert wardrobe.prepare(starter_engine, (("river", 1.0),)).unverified == ("river",)
    shelved = library.load()
    good = digest(shelved.basis, shelved.modes["river"])
    library.note(lambda _: {"verified": {"river": {"digest": good}}})
    assert wardrobe.prepare(starter_engine, (("river", 1.0),)) == Worn((("river", 1.0),), "v1")
    starter_engine.remove("river")
