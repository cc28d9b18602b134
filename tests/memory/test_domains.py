"""To which domain a memory belongs, and by which rule."""

from __future__ import annotations

import pytest

from memory.domains import DOMAINS
from memory.record import Memory


def memory(content: str = "Something.", **more: object) -> Memory:
    return Memory("1", content, 80.0, 0.0, 0.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("domain", "row", "rule"),
    [
        ("legal", memory(tags=("ops", "CFR")), "tags"),
        ("legal", memory(tags=("#va",)), "tags"),
        ("legal", memory(tags=("ops",), domain="VetAssist"), "domain"),
        ("legal", memory(metadata={"category": "disability"}), "metadata"),
        ("legal", memory(metadata={"cfr": "3.310"}), "metadata"),
        ("legal", memory(metadata={"tags": ["x", "va"]}), "metadata"),
        ("legal", memory("See 38 C.F.R. 3.310 for this."), "text"),
        ("legal", memory("It was service-connected."), "text"),
        ("cherokee", memory(tags=("syllabary",)), "tags"),
        ("cherokee", memory("ᎣᏏᏲ means hello."), "text"),
        ("cherokee", memory("A word of the CHEROKEE language."), "text"),
        ("coding", memory(domain="code"), "domain"),
        ("coding", memory("A function in Python."), None),
        ("legal", memory("The VA lab of the Varian machine."), None),
        ("legal", memory("See 38 CFR 3.310.", tags=("infra",)), None),
        ("legal", memory("See 38 CFR 3.310.", domain="infra"), None),
        ("legal", memory(metadata={"note": "va"}), None),
        ("cherokee", memory("One letter Ꭰ alone."), None),
    ],
)
def test_tags_come_before_the_domain_the_metadata_and_the_text(
    domain: str, row: Memory, rule: str | None
) -> None:
    assert DOMAINS[domain].rule(row) == rule


def test_a_memory_may_belong_to_several_domains() -> None:
    both = memory(tags=("legal", "cherokee"))
    assert [name for name, one in DOMAINS.items() if one.rule(both)] == ["legal", "cherokee"]
