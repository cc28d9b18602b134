from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from modes.blend import BadBlend
from modes.catalog import BUILTIN, Catalog, UnknownMode
from modes.mode import MemoryPolicy, SamplingPolicy


@pytest.fixture(scope="module")
def builtin() -> Catalog:
    return Catalog.load(None)


def test_the_built_in_modes_load_in_their_order_without_a_problem(builtin: Catalog) -> None:
    assert tuple(builtin.modes) == BUILTIN == ("base", "legal", "coding", "cherokee", "reasoning", "vision")
    assert builtin.problems == ()


def test_each_built_in_file_is_in_the_list_and_each_name_has_its_file() -> None:
    folder = Path(sys.modules["modes"].__path__[0]) / "builtin"
    assert {file.stem for file in folder.iterdir()} == set(BUILTIN)


def test_base_adds_nothing(builtin: Catalog) -> None:
    base = builtin.modes["base"]
    assert (base.prompt, base.thinking, base.lacks, base.stop, base.max_tokens) == (
        "",
        "auto",
        None,
        (),
        None,
    )
    assert (base.sampling, base.memory) == (SamplingPolicy(), MemoryPolicy())


def test_each_built_in_mode_can_be_told_apart_by_every_sign(builtin: Catalog) -> None:
    modes = builtin.modes.values()
    for field in ("title", "description", "prompt", "colour", "glyph", "ascii", "version"):
        assert len({getattr(mode, field) for mode in modes}) == len(BUILTIN), field


def test_descriptions_are_one_sentence_that_fits_a_list(builtin: Catalog) -> None:
    for mode in builtin.modes.values():
        assert mode.description.endswith(".")
        assert ". " not in mode.description
        assert len(mode.description) <= 80


def test_prompts_are_short_enough_for_a_small_model(builtin: Catalog) -> None:
    for mode in builtin.modes.values():
        assert len(mode.prompt) <= 500


def test_built_in_modes_that_are_learned_name_their_own_coefficients(builtin: Catalog) -> None:
    named = {mode.name: mode.coefficients for mode in builtin.modes.values() if mode.coefficients}
    assert named == {name: name for name in ("legal", "coding", "cherokee", "reasoning")}


def test_legal_is_careful_and_cool(builtin: Catalog) -> None:
    legal = builtin.modes["legal"]
    assert legal.sampling.temperature <= 0.3
    assert all(words in legal.prompt for words in ("38 CFR", "not sure", "not legal advice", "Cite"))
    assert legal.memory.domains == ("legal",)


def test_coding_is_cool(builtin: Catalog) -> None:
    assert builtin.modes["coding"].sampling.temperature <= 0.3
    assert "code" in builtin.modes["coding"].prompt


def test_cherokee_shows_its_syllabary(builtin: Catalog) -> None:
    cherokee = builtin.modes["cherokee"]
    assert "ᏣᎳᎩ" in cherokee.prompt and "syllabary" in cherokee.prompt
    assert 0x13A0 <= ord(cherokee.glyph) <= 0x13FF


def test_only_reasoning_asks_for_thinking(builtin: Catalog) -> None:
    assert [mode.name for mode in builtin.modes.values() if mode.thinking == "on"] == ["reasoning"]


def test_only_vision_says_that_it_lacks_something(builtin: Catalog) -> None:
    lacking = {mode.name: mode.lacks for mode in builtin.modes.values() if mode.lacks}
    assert lacking == {"vision": "No image can be read: the loaded engine takes text only."}
    assert "cannot see" in builtin.modes["vision"].prompt


def test_an_operators_file_overrides_a_built_in_mode_whole(tmp_path: Path) -> None:
    (tmp_path / "legal.toml").write_text('title = "Mine"\ndescription = "Mine."\n')
    legal = Catalog.load(tmp_path).modes["legal"]
    assert (legal.title, legal.prompt) == ("Mine", "")
    assert legal.sampling == Catalog.load(None).modes["base"].sampling


def test_extends_starts_from_a_mode_and_changes_what_it_names(builtin: Catalog, tmp_path: Path) -> None:
    (tmp_path / "legal.toml").write_text('extends = "legal"\nstop = ["END"]\n[sampling]\ntop_k = 1\n')
    before, after = builtin.modes["legal"], Catalog.load(tmp_path).modes["legal"]
    assert after.stop == ("END",)
    assert after.sampling == replace(before.sampling, top_k=1)
    assert after == replace(before, stop=after.stop, sampling=after.sampling)


def test_extends_follows_the_operators_own_files(tmp_path: Path) -> None:
    (tmp_path / "legal.toml").write_text('extends = "legal"\ntitle = "Second"\n')
    (tmp_path / "appeals.toml").write_text('extends = "legal"\nmax_tokens = 9\n')
    (tmp_path / "briefs.toml").write_text('extends = "appeals"\ndescription = "Briefs."\n')
    briefs = Catalog.load(tmp_path).modes["briefs"]
    assert (briefs.name, briefs.title, briefs.max_tokens) == ("briefs", "Second", 9)
    assert briefs.description == "Briefs."


def test_an_empty_extension_has_the_version_of_what_it_extends(builtin: Catalog, tmp_path: Path) -> None:
    (tmp_path / "legal.toml").write_text('# nothing changed\nextends = "legal"\n')
    assert Catalog.load(tmp_path).modes["legal"].version == builtin.modes["legal"].version


def test_a_comment_or_another_order_keeps_the_version_and_a_word_changes_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"

    def version(text: str) -> str:
        file.write_text(text)
        return Catalog.load(tmp_path).modes["mine"].version

    first = version('title = "T"\ndescription = "D."\nprompt = "Be brief."\n')
    assert version('# why\nprompt = "Be brief."\ndescription = "D."\ntitle = "T" # what\n') == first
    assert version('title = "T"\ndescription = "D."\nprompt = "Be brief"\n') != first


def test_operators_modes_stand_after_the_built_in_ones_by_name(tmp_path: Path) -> None:
    for name in ("zebra", "legal", "alpha-2", "alpha"):
        (tmp_path / f"{name}.toml").write_text('title = "T"\ndescription = "D."\n')
    assert tuple(Catalog.load(tmp_path).modes) == (*BUILTIN, "alpha", "alpha-2", "zebra")


def test_the_modes_cannot_be_changed_from_outside(builtin: Catalog) -> None:
    with pytest.raises(TypeError):
        builtin.modes["x"] = builtin.modes["base"]  # type: ignore[index]  # the very mistake under test


def test_an_unknown_mode_is_told_with_the_nearest_and_all_names(builtin: Catalog) -> None:
    with pytest.raises(UnknownMode) as unknown:
        builtin.voice("coding + leagl*0.3")
    assert str(unknown.value) == (
        "no mode is called 'leagl' (did you mean legal?): "
        "the modes are base, legal, coding, cherokee, reasoning, vision"
    )
    assert unknown.value.name == "leagl"


def test_a_name_that_is_near_nothing_gets_the_list_only(builtin: Catalog) -> None:
    with pytest.raises(UnknownMode, match=r"^no mode is called 'xyzzy': the modes are base, legal"):
        builtin.voice("xyzzy")


def test_a_mode_whose_file_was_refused_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("title = 3\n")
    with pytest.raises(UnknownMode, match=r"mine\.toml: title: found 3, expected text in quotes"):
        Catalog.load(tmp_path).voice("mine")


def test_a_bad_blend_is_refused_before_its_names_are_looked_up(builtin: Catalog) -> None:
    with pytest.raises(BadBlend, match="named twice"):
        builtin.voice("leagl+leagl")


def test_the_catalog_loads_no_engine() -> None:
    heavy = {"llama_cpp", "torch", "sentence_transformers", "textual"}
    check = f"import sys, modes.catalog; sys.exit(bool({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
