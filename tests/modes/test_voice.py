from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modes.catalog import BUILTIN, Catalog

CATALOG = Catalog.load(None)


@pytest.fixture
def trained(tmp_path: Path) -> Catalog:
    for name, coefficients in (("legal", "legal"), ("appeals", "legal"), ("coding", "code")):
        (tmp_path / f"{name}.toml").write_text(
            f'title = "T"\ndescription = "D."\ncoefficients = "{coefficients}"\n'
        )
    return Catalog.load(tmp_path)


def test_a_single_mode_speaks_with_its_own_name_and_version() -> None:
    voice = CATALOG.voice("legal")
    assert voice.parts == ((CATALOG.modes["legal"], 1.0),)
    assert voice.lead is CATALOG.modes["legal"]
    assert (voice.spec, voice.version) == ("legal", CATALOG.modes["legal"].version)


@pytest.mark.parametrize("spec", ["base", "off", "none"])
def test_off_and_none_are_base_and_lack_no_training(spec: str) -> None:
    voice = CATALOG.voice(spec)
    assert (voice.spec, voice.scales, voice.untrained) == ("base", (), ())


def test_a_blend_is_led_by_its_first_mode() -> None:
    voice = CATALOG.voice(" reasoning*0.3 + legal * 0.70 ")
    assert voice.lead.name == "reasoning"
    assert voice.spec == "reasoning*0.3+legal*0.7"
    assert voice.version == f"{CATALOG.modes['reasoning'].version}+{CATALOG.modes['legal'].version}"


def test_modes_without_coefficients_scale_nothing_and_are_named() -> None:
    voice = CATALOG.voice("vision*0.7+legal*0.3")
    assert (voice.scales, voice.untrained) == ((("legal", 0.3),), ("vision",))


def test_coefficients_are_scaled_by_the_weights(trained: Catalog) -> None:
    voice = trained.voice("legal*0.7+vision*0.3+coding*-0.5")
    assert voice.scales == (("legal", 0.7), ("code", -0.5))
    assert voice.untrained == ("vision",)


def test_coefficients_that_two_modes_share_are_scaled_once_by_the_sum(trained: Catalog) -> None:
    assert trained.voice("legal+appeals*0.5").scales == (("legal", 1.5),)
    assert trained.voice("legal+appeals*-1").scales == ()


@given(
    st.lists(
        st.tuples(st.sampled_from(BUILTIN[1:]), st.floats(-2, 2).filter(bool)),
        min_size=1,
        unique_by=lambda part: part[0],
    )
)
def test_the_canonical_text_gives_the_same_voice(parts: list[tuple[str, float]]) -> None:
    voice = CATALOG.voice("+".join(f"{name}*{weight!r}" for name, weight in parts))
    assert CATALOG.voice(voice.spec) == voice
    assert [(mode.name, weight) for mode, weight in voice.parts] == parts
