"""The page, from cells that were filled by hand: every number here was computed apart from the program."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from evidence import tries
from evidence.book import Book
from evidence.cell import Ask
from evidence.cells import cells
from evidence.design import DOMAINS, chain
from evidence.floors import Floor, floors
from evidence.items import items_of
from evidence.page import page, write_page
from evidence.reading import Place, Reader, place
from modes.evaluation.item import Item
from tests.evidence.made import Answers, book, fill, rated

#: Of a hundred, how many are right in T1 after each step of the first run, and of the base and own adapters.
AFTER = {
    "own-s0-cherokee": {"cherokee": 72},
    "share-s0-2-legal": {"cherokee": 70, "legal": 88},
    "share-s0-3-coding": {"cherokee": 72, "legal": 90, "coding": 80},
    "share-s0-4-reasoning": {"cherokee": 68, "legal": 86, "coding": 80, "reasoning": 60},
}
BASE = {"legal": 30, "coding": 25, "cherokee": 28, "reasoning": 22}
OWN = {"legal": 90, "coding": 82, "cherokee": 72, "reasoning": 60}
#: Bytes as they come out for the starter: 97,920 numbers for each direction, 60 cores.
SIDES, MODULES = 97_920, 60


def percent(right: int) -> Answers:
    """So many of every hundred items are answered right."""
    return lambda _ask, at: at % 100 < right


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    of = rated(book(tmp_path_factory.mktemp("evidence")))

    def of_hundred(scores: dict[str, int]) -> None:
        def answers(ask: Ask, at: int) -> bool:
            return at % 100 < scores[ask.domain] if ask.split == "T1" else at % 2 == 0

        fill(of, of.cells[name], answers, size)

    for name, scores in (("base", BASE), *((f"own-s0-{one}", OWN) for one in OWN)):
        size: dict[str, Any] = {"factors": 16 * SIDES * 2} if name != "base" else {}
        of_hundred(scores)
    for count, name in enumerate(chain("share", 0)[1:], 1):
        ranks = [16 + 4 * at for at in range(count + 1)]
        modes = [of.cells[one].domain for one in chain("share", 0)[: count + 1]]
        cores = {mode: MODULES * rank * rank * 2 for mode, rank in zip(modes, ranks, strict=True)}
        basis = ranks[-1] * SIDES * 2
        size = {"basis": basis, "cores": cores, "total": basis + sum(cores.values())}
        of_hundred(AFTER[name])
    grown = {"basis": 20 * SIDES * 2, "cores": {"legal": MODULES * 256 * 2, "coding": MODULES * 400 * 2}}
    fill(of, of.cells["phi-s0-4-coding"], percent(80), grown)
    yield Book(cells(), of.site)


def row(text: str, section: str, begins: str) -> list[str]:
    after = text[text.index(f"\n{section}\n") :]
    line = next(line for line in after.splitlines() if line.startswith(begins))
    return [part.strip() for part in line.strip("|").split("|")]


def test_it_says_how_many_were_trained_in_which_precision(filled: Book) -> None:
    trained = [cell for cell in filled if filled.is_done(cell)]
    own = sum(cell.method == "own" for cell in trained)
    assert 0 < own < len(trained)
    said = f"Of the {len(trained)} cells that were trained, {own} took the base in bf16 and the others in"
    assert said in page(filled)


def test_the_matrix_and_what_is_made_of_it_are_those_worked_out_by_hand(filled: Book) -> None:
    found = Reader(filled).matrix("share", 0)
    assert found is not None
    assert found.domains == ("cherokee", "legal", "coding", "reasoning")
    assert found.average == pytest.approx((0.68 + 0.86 + 0.80 + 0.60) / 4)
    # Since it was learned: cherokee 68 - 72, legal 86 - 88, coding 80 - 80.
    assert found.backward_transfer == pytest.approx((-0.04 - 0.02 + 0.0) / 3)
    # From the best of before: cherokee 72 - 68, legal 90 - 86, coding 80 - 80.
    assert found.forgetting == pytest.approx((0.04 + 0.04 + 0.0) / 3)
    assert found.retention == pytest.approx([68 / 72, 86 / 90, 80 / 82, 60 / 60])
    assert found.plasticity == pytest.approx([72 / 72, 88 / 90, 80 / 82, 60 / 60])
    text = page(filled)
    said = (
        "ACC 73.5 %; BWT -2.0 points; forgetting 2.7 points; retention: cherokee 94.4 %, legal 95.6 %, "
        "coding 97.6 %, reasoning 100.0 %; plasticity: cherokee 100.0 %, legal 97.8 %, coding 97.6 %, "
        "reasoning 100.0 %."
    )
    assert said in text.replace("\n", " ")


def test_a_score_of_items_on_facts_of_their_own_has_wilsons_interval(filled: Book) -> None:
    asked = Ask("reasoning", "reasoning", "T1", 500)
    assert len({item.fact for item in items_of(asked)}) == 500
    q = NormalDist().inv_cdf(0.975)
    share, count = 0.60, 500
    middle = (share + q**2 / (2 * count)) / (1 + q**2 / count)
    half = q * ((share * (1 - share) + q**2 / (4 * count)) / count) ** 0.5 / (1 + q**2 / count)
    expected = f"60.0 ({100 * (middle - half):.1f} to {100 * (middle + half):.1f})"
    assert expected == "60.0 (55.6 to 64.2)"
    assert row(page(filled), "## Right answers, T1", "| 1 | Share")[5] == expected


def test_written_answers_stand_beside_the_same_questions_with_options(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for name in chain("share", 0)[1:]:
        # The programs of coding, which are not written, are all answered rightly.
        fill(of, of.cells[name], lambda ask, at: not _written_in_one_line(items_of(ask)[at]))
    assert "| mode, chosen" not in page(of)
    fill(of, of.cells["written-s0"], lambda ask, at: at < {"legal": 150, "coding": 50}.get(ask.domain, 0))
    text = page(of)
    shown = row(text, "## Written answers", "| mode, written")
    assert [one.split(" ")[0] for one in shown[1:5]] == ["75.0", "25.0", "0.0", "0.0"]
    shown = row(text, "## Written answers", "| mode, chosen")
    assert [one.split(" ")[0] for one in shown[1:5]] == ["0.0"] * 4


def _written_in_one_line(item: Item) -> bool:
    return not item.choices or "\n" not in item.choices[item.gold]


def test_a_difference_is_paired_and_its_interval_is_that_of_the_facts(filled: Book) -> None:
    found = Reader(filled).over_base(place("share", 0, "legal"), "legal")
    assert found is not None
    assert found.value == pytest.approx(0.56)
    # Right by place in every hundred: 56 more, none fewer; and of no fact fewer, so that p is 2 * 0.5 ** 113.
    assert (found.better, found.worse) == (280, 0)
    assert found.p == pytest.approx(2 * 0.5**113)
    assert found.facts == 121
    assert found.interval.low < 0.56 < found.interval.high
    shown = row(page(filled), "### T1", "| 1 | Share")[2]
    assert re.fullmatch(r"\+56\.0 \(\+5\d\.\d to \+\d\d\.\d\), p < 0\.001", shown)


def test_bytes_are_basis_and_cores_beside_four_adapters(filled: Book) -> None:
    # 28 directions; cores of 16, 20, 24 and 28; float16.
    basis = 28 * 97_920 * 2
    cores = 60 * (16**2 + 20**2 + 24**2 + 28**2) * 2
    whole = 4 * 16 * 97_920 * 2
    assert (basis, cores, whole) == (5_483_520, 241_920, 12_533_760)
    text = page(filled)
    assert row(text, "## Bytes", "| Share, run 1")[1:] == ["5,484 kB", "242 kB", "5,725 kB", "45.7 %"]
    assert row(text, "## Bytes", "| four LoRAs of r = 16")[3] == "12,534 kB"
    assert row(text, "## Bytes", "| four LoRAs of r = 7")[3:] == ["5,484 kB", "43.8 %"]


def test_it_tells_from_how_many_modes_on_a_subspace_takes_less_and_until_when(filled: Book) -> None:
    def subspace(count: int) -> int:  # four new directions for each mode after the first
        ranks = [16 + 4 * at for at in range(count)]
        return ranks[-1] * 97_920 * 2 + 60 * 2 * sum(rank**2 for rank in ranks)

    def loras(count: int) -> int:
        return count * 7 * 97_920 * 2

    ahead = [count for count in range(1, 65) if subspace(count) < loras(count)]
    assert ahead == list(range(5, 22))
    text = page(filled)
    assert row(text, "## Bytes", "| r = 7")[1:] == ["from 3 on", "from 3 on", "from 3 on", "5 to 21"]
    assert row(text, "## Bytes", "| r = 4")[4] == "never"


def test_learned_directions_stand_beside_random_ones_with_the_paired_difference(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for tried in (tries.random(), tries.core()):
        for at, cell in enumerate(tried):
            fill(of, cell, lambda _ask, _at: True, loss=abs(at - 1) + 0.25)
    for name, right in {"core-s0-short-coding": 70, "random-s0-short-coding": 45}.items():
        fill(of, of.cells[name], percent(right))
    chosen = tries.random()[1].settings["core_rate"]
    assert of.settled(of.cells["random-s0-short-coding"]).settings["core_rate"] == chosen
    assert re.search(rf"\| random \| core_rate {chosen:g} \| 0\.250 \| taken", page(of))
    section = "## Directions that were learned, or random ones"
    found = row(page(of), section, "| 100 steps")
    assert found[1].startswith("70.0 (")
    assert found[2].startswith("45.0 (")
    assert re.fullmatch(r"\+25\.0 \(\+\d\d\.\d to \+\d\d\.\d\), p < 0\.001", found[3])


def test_a_setting_is_told_by_what_it_is_judged_by(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    for name in ("tune-random-0.03", "tune-linear-0.5"):
        fill(of, of.cells[name], lambda _ask, at: at % 4 == 0, loss=0.25)
    text = page(of)
    assert "| random | core_rate 0.03 | 0.250 |" in text
    assert "| linear | weight 0.5 | 25.0 % |" in text


def test_growth_tells_the_share_of_the_gain_and_of_the_parameters(filled: Book) -> None:
    found = row(page(filled), "## Growth", "| core and φ = 4")
    # Gain 80 - 25 of 82 - 25; 4 new directions and a core of 20 of 16 directions.
    assert found[3] == f"{100 * 55 / 57:.1f} %" == "96.5 %"
    assert found[4] == f"{4 * 97_920 + 60 * 20**2:,}" == "415,680"
    assert found[5] == f"{100 * 415_680 / (16 * 97_920):.1f} %" == "26.5 %"


def test_a_floor_is_reached_not_reached_or_not_measured(filled: Book) -> None:
    said = {floor.name.partition(":")[0]: floor.status for floor in floors(Reader(filled))}
    # Legal 56 and coding 55 points in the first run; the other two runs are missing.
    assert said["T1"].startswith("not reached")  # the last of that name is the aim: reasoning has 38
    assert said["core alone, at 1/100 of the parameters"] == "not measured yet"
    assert said["forgetting under 5 points"] == "reached in the 1 measured; 2 not measured yet"
    first = floors(Reader(filled))[0]
    assert first.status == "reached in the 2 measured; 4 not measured yet"
    # Of its own LoRA's gain: legal 56 of 60, coding 55 of 57, cherokee 40 of 44, reasoning 38 of 38.
    four = next(floor for floor in floors(Reader(filled)) if floor.name.startswith("four modes"))
    assert four.status == "not reached (2 of 5 are short); 10 not measured yet"
    assert four.sentence == "run 1 legal: 93.33 % of the gain; run 1 cherokee: 90.91 % of the gain"


def test_share_is_paired_with_each_lora_of_its_run_and_a_row_of_nothing_is_left_out(filled: Book) -> None:
    text = page(filled)
    found = row(text, "## Share beside the LoRAs", "| 1 | own LoRA (r = 16) | T1 |")
    # Legal 86 - 90, coding 80 - 82, cherokee 68 - 72, reasoning 60 - 60.
    assert [one.partition(" ")[0] for one in found[3:]] == ["-4.0", "-2.0", "-4.0", "+0.0"]
    section = text.partition("\n## Share beside the LoRAs\n")[2].partition("\n## ")[0]
    assert "| 2 |" not in section and "equal bytes" not in section


def test_a_floor_that_is_reached_tells_every_number() -> None:
    numbers = [f"run {seed} {domain}" for seed in (1, 2, 3) for domain in DOMAINS]
    floor = Floor("T3", [(number, True) for number in numbers], 0)
    assert (floor.status, floor.sentence.split("; ")) == ("reached", numbers)


def test_a_floor_is_reached_by_as_many_points_as_it_asks_for(tmp_path: Path) -> None:
    of = rated(book(tmp_path))
    fill(of, of.cells["base"], lambda _ask, at: at % 10 < 3)
    for name in chain("share", 0):
        fill(of, of.cells[name], lambda _ask, at: at % 10 < 7)
    assert 0.7 - 0.3 < 0.4, "which is why"
    assert floors(Reader(of))[0].status == "reached in the 2 measured; 4 not measured yet"


def test_forgetting_needs_no_adapters_of_their_own_and_a_row_of_nothing_is_left_out(
    filled: Book, tmp_path: Path
) -> None:
    shutil.copytree(filled.site.results, tmp_path / "results")
    fewer = book(tmp_path)
    for name in ("own-s0-legal", "own-s0-coding"):
        fewer.site.result(name).unlink()
    found = Reader(fewer).matrix("share", 0)
    assert found is not None
    assert found.forgetting == pytest.approx(0.08 / 3)
    assert list(np.isnan(found.plasticity)) == [False, True, True, False]
    text = page(fewer)
    assert "### Run 1: Share" in text
    assert "### Run 2: Share" not in text
    assert row(text, "## Right answers, T1", "| 1 | Share")
    assert "| 2 | Share" not in text
    assert "| 1 | one LoRA in sequence" not in text


def test_a_page_of_nothing_says_that_nothing_was_measured(tmp_path: Path) -> None:
    of = book(tmp_path)
    write_page(of)
    text = of.site.page.read_text("utf-8")
    assert "do not edit" in text
    assert "| 1 | Share" not in text
    assert text.count("Nothing measured yet.") > 5
    assert {floor.status for floor in floors(Reader(of))} == {"not measured yet"}
    assert f"Not measured yet are {len(of.cells)} cells" in text


def test_answers_to_items_that_are_made_otherwise_today_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    of = book(tmp_path)
    fill(of, of.cells["base"], lambda _ask, _at: True)
    path = of.site.result("base")
    path.write_text(re.sub(r'"items": "\w+"', '"items": "0"', path.read_text("utf-8")), "utf-8")
    now = Book(cells(), of.site)
    assert Reader(now).marks(Place("base", ""), "legal") is None
    assert "The items of `base` are made otherwise today" in page(now)
