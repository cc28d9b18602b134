"""Where each thing that a mode is comes from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from modes.catalog import Catalog
from modes.origin import DEFAULT, home, origins


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "clinic.toml").write_text(
        'extends = "law"\nprompt = "Our clinic."\n[sampling]\ntemperature = 0.1\n'
    )
    (tmp_path / "law.toml").write_text('extends = "legal"\ntitle = "Law"\n')
    (tmp_path / "coding.toml").write_text('extends = "coding"\n[sampling]\ntop_k = 5\n')
    (tmp_path / "reasoning.toml").write_text("not TOML")
    (tmp_path / "deep.toml").write_text('extends = "reasoning"\nglyph = "d"\n')
    (tmp_path / "alone.toml").write_text('title = "Alone"\ndescription = "By itself."\n')
    return tmp_path


def test_each_field_is_from_the_uppermost_file_that_has_it_or_built_in_or_the_default(own: Path) -> None:
    found = origins(Catalog.load(own), "clinic", own)
    assert found["prompt"] == found["sampling.temperature"] == str(own / "clinic.toml")
    assert found["title"] == str(own / "law.toml")
    assert found["sampling.top_p"] == found["memory.domains"] == found["colour"] == "built-in legal"
    assert found["sampling.top_k"] == found["thinking_budget"] == DEFAULT
    assert "name" not in found


def test_a_file_over_the_built_in_mode_of_its_name_leaves_the_rest_built_in(own: Path) -> None:
    found = origins(Catalog.load(own), "coding", own)
    assert found["sampling.top_k"] == str(own / "coding.toml")
    assert found["title"] == "built-in coding"


def test_a_refused_file_is_the_origin_of_nothing(own: Path) -> None:
    catalog = Catalog.load(own)
    assert home(catalog, "reasoning", own) == "built-in"
    assert set(origins(catalog, "reasoning", own).values()) == {"built-in reasoning", DEFAULT}
    deep = origins(catalog, "deep", own)
    assert (deep["glyph"], deep["title"]) == (str(own / "deep.toml"), "built-in reasoning")


def test_a_mode_that_extends_nothing_is_its_file_and_the_defaults(own: Path) -> None:
    catalog = Catalog.load(own)
    assert home(catalog, "alone", own) == str(own / "alone.toml")
    assert set(origins(catalog, "alone", own).values()) == {str(own / "alone.toml"), DEFAULT}


def test_every_mode_has_an_origin_for_every_field(own: Path) -> None:
    catalog = Catalog.load(own)
    for name, mode in catalog.modes.items():
        found = origins(catalog, name, own)
        assert {field.partition(".")[0] for field in found} == set(asdict(mode)) - {"name"}


def test_without_a_directory_all_is_built_in(tmp_path: Path) -> None:
    catalog = Catalog.load(tmp_path / "none")
    assert {home(catalog, name, tmp_path / "none") for name in catalog.modes} == {"built-in"}
