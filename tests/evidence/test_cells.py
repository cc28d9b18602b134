"""Which cells there are."""

from __future__ import annotations

from evidence.cell import Cell
from evidence.cells import cells, shrunk
from evidence.design import DOMAINS, LONGER, ORDERS, STEPS, chain, longer_name
from evidence.pairs import SHORT, pairs, short


def test_every_cell_has_a_name_of_its_own_and_comes_after_what_it_needs() -> None:
    seen: set[str] = set()
    for cell in cells():
        assert cell.name not in seen
        assert seen.issuperset(cell.needs), cell.name
        seen.add(cell.name)


def test_no_cell_asks_the_same_twice() -> None:
    for cell in cells():
        names = [ask.name for ask in cell.asks]
        assert names or cell.tries
        assert len(set(names)) == len(names), cell.name


def test_each_run_learns_every_domain_once_and_in_another_order() -> None:
    assert len(set(ORDERS)) == 3
    by_name = {cell.name: cell for cell in cells()}
    for seed, order in enumerate(ORDERS):
        for method in ("share", "sequence"):
            learned = [by_name[name] for name in chain(method, seed)]
            assert tuple(cell.domain for cell in learned) == order
            assert {cell.seed for cell in learned} == {seed}
            assert [cell.before for cell in learned[1:]] == [(cell.name,) for cell in learned[:-1]]


def test_at_the_end_of_a_run_every_domain_is_asked_in_every_split() -> None:
    by_name = {cell.name: cell for cell in cells()}
    for seed in range(3):
        for method in ("share", "sequence"):
            last = by_name[chain(method, seed)[-1]]
            asked = {(ask.domain, ask.split, ask.count) for ask in last.asks if not ask.prompted}
            assert asked == {
                (domain, split, count)
                for domain in DOMAINS
                for split, count in (("T1", 500), ("T2", 100), ("T3", 100), ("T4", 100))
            }


def test_an_opponent_is_tuned_with_four_settings_at_most_and_never_on_test_items() -> None:
    tuned: dict[str, list[Cell]] = {}
    for cell in cells():
        if cell.tries:
            tuned.setdefault(cell.method, []).append(cell)
            assert {ask.salt for ask in cell.asks} <= {"tune"}
            assert cell.asks or "steps" in cell.settings, "else it has a validation loss"
    assert set(tuned) >= {"own", "share", "equal", "sequence", "core", "random", "linear", "ties", "dare"}
    assert max(map(len, tuned.values())) <= 4


def test_every_method_takes_as_many_steps_for_a_domain_unless_its_name_says_more() -> None:
    lessons = {cell.name for cell in short()}
    for cell in cells():
        if cell.name in lessons:
            assert cell.settings.get("steps", SHORT) == SHORT
        elif "steps" in cell.settings and cell.method != "many":
            times = LONGER if cell.name.endswith(f"-x{LONGER}") else 1
            assert cell.settings["steps"] == times * STEPS[cell.domain], cell.name


def test_a_core_and_a_random_basis_are_given_more_steps_alike() -> None:
    by_name = {cell.name: cell for cell in cells()}
    for name in ("core-s0-coding", "random-s0-k16-coding"):
        longer = by_name[longer_name(name)]
        assert longer.settings == {**by_name[name].settings, "steps": LONGER * STEPS["coding"]}
        assert longer.tuned == by_name[name].tuned


def test_the_lessons_of_a_pair_differ_in_their_directions_alone() -> None:
    by_name = {cell.name: cell for cell in cells()}
    for pair in pairs():
        learned, drawn = pair.learned, pair.random
        assert by_name[learned.name] == learned
        assert by_name[drawn.name] == drawn
        assert learned.settings == {name: drawn.settings[name] for name in drawn.settings if name != "rank"}
        assert (learned.domain, learned.topic, learned.asks) == (drawn.domain, drawn.topic, drawn.asks)
        assert learned.before
        assert not drawn.before


def test_there_are_twelve_modes_or_more_in_the_curve_by_their_number() -> None:
    assert sum(cell.method == "many" for cell in cells()) >= 12


def test_a_shrunk_list_has_the_same_cells_with_few_steps_and_items() -> None:
    small = shrunk(cells(), steps=2, items=4)
    assert [cell.name for cell in small] == [cell.name for cell in cells()]
    assert max(ask.count for cell in small for ask in cell.asks) == 4
    assert {cell.settings["steps"] for cell in small if "steps" in cell.settings} == {2}
