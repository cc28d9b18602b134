from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modes import blend

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True).filter(
    lambda name: name not in {"base", "off", "none"}
)
WEIGHTS = st.floats(-2, 2, allow_nan=False).filter(bool)
PARTS = st.lists(st.tuples(NAMES, WEIGHTS), min_size=1, max_size=8, unique_by=lambda part: part[0]).map(tuple)


@given(PARTS)
def test_what_is_written_is_read_back_bit_for_bit(parts: blend.Parts) -> None:
    assert blend.parse(blend.format(parts)) == parts


@given(PARTS, st.sampled_from(["", " ", "  ", "\t"]))
def test_spaces_around_signs_change_nothing(parts: blend.Parts, space: str) -> None:
    spaced = f"{space}+{space}".join(f"{name}{space}*{space}{weight!r}" for name, weight in parts)
    assert blend.parse(f"{space}{spaced}{space}") == parts


@given(st.text(max_size=40))
def test_any_text_is_either_read_canonically_or_refused_as_a_blend(text: str) -> None:
    try:
        parts = blend.parse(text)
    except blend.BadBlend as error:
        assert "legal*0.7+reasoning*0.3" in str(error)
    else:
        assert blend.parse(blend.format(parts)) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("legal", (("legal", 1.0),)),
        ("legal*0.7+reasoning*0.3", (("legal", 0.7), ("reasoning", 0.3))),
        ("legal + coding", (("legal", 1.0), ("coding", 1.0))),
        ("my-mode_2*-0.5", (("my-mode_2", -0.5),)),
        ("a*1e+0+b*+.5", (("a", 1.0), ("b", 0.5))),
        ("a*2+b*-2", (("a", 2.0), ("b", -2.0))),
        ("base", (("base", 1.0),)),
        (" off ", (("base", 1.0),)),
        ("none", (("base", 1.0),)),
    ],
)
def test_it_reads(text: str, parts: blend.Parts) -> None:
    assert blend.parse(text) == parts


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([("legal", 1.0)], "legal"),
        ([("legal", 0.7), ("reasoning", 0.3)], "legal*0.7+reasoning*0.3"),
        ([("legal", 1.0), ("coding", -0.25)], "legal+coding*-0.25"),
    ],
)
def test_the_canonical_text_leaves_out_a_weight_of_one(parts: list[tuple[str, float]], text: str) -> None:
    assert blend.format(parts) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("legal+", "a mode's name is missing"),
        ("*0.5", "a mode's name is missing"),
        ("legal reasoning", "a space where a + is needed"),
        ("legal*", "the weight of legal is '', which is not a number"),
        ("legal*0,7", "the weight of legal is '0,7', which is not a number"),
        ("legal*0.5*0.5", "which is not a number"),
        ("legal*nan", "the weight of legal is nan, outside -2..2"),
        ("legal*inf", "the weight of legal is inf, outside -2..2"),
        ("legal*2.01", "the weight of legal is 2.01, outside -2..2"),
        ("legal*-0", "the weight of legal is zero: leave legal out"),
        ("+".join(f"m{i}" for i in range(9)), "it has 9 parts and at most 8"),
        ("legal*0.7+base*0.3", "base has no coefficients to blend: lower the other weights instead"),
        ("off+legal", "base has no coefficients"),
        ("base*0.5", "base has no coefficients"),
        ("base+none", "base has no coefficients"),
        (
            "legal*0.4+coding+legal*0.1",
            "legal is named twice: add its weights and name it once, as in legal*0.5",
        ),
        ("legal*0.1+legal*0.2", "as in legal*0.3;"),
    ],
)
def test_it_refuses_with_the_reason_and_an_example(text: str, reason: str) -> None:
    with pytest.raises(blend.BadBlend) as refused:
        blend.parse(text)
    assert reason in str(refused.value)
    assert "write it like legal*0.7+reasoning*0.3" in str(refused.value)
    assert refused.value.text == text


@pytest.mark.parametrize("text", ["legal*2+legal", "legal+legal*-1"])
def test_weights_whose_sum_cannot_be_used_are_not_suggested(text: str) -> None:
    with pytest.raises(blend.BadBlend, match=r"name it once; write"):
        blend.parse(text)


def test_eight_parts_are_allowed() -> None:
    assert len(blend.parse("+".join(f"m{i}" for i in range(8)))) == 8


def test_reading_a_blend_loads_neither_pydantic_nor_numpy() -> None:
    check = "import sys, modes, modes.blend; sys.exit(bool({'pydantic', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
