"""The answers of a run that was kept, read without touching it."""

from __future__ import annotations

from pathlib import Path

from modes.evaluation.results import About, Task, write_results
from modes.evaluation.run import RunFolder, write_json
from tests.modes.evaluation.made import choice, outcome
from tui.core.evaluation import folder
from tui.core.evaluation.answers import answers, mark, told

IDENTITY = {"model": "tiny"}


def kept(place: Path, *tasks: Task) -> folder.Past:
    """A run that came to its end."""
    with RunFolder(place, IDENTITY) as run:
        for task in tasks:
            for one in task.outcomes.values():
                run.append(task.name, one)
    write_results(place, tasks, About("tiny"))
    report = {"tasks": [task.name for task in tasks]}
    write_json(place / folder.REPORT, report)
    return folder.Past(place, IDENTITY, report)


def asked(name: str, *options: str, prompt: str = "Which?") -> Task:
    """One item, whose id is that of everybody's first line."""
    likely = tuple(-float(at) - 1 for at in range(len(options)))
    sizes = tuple(len(one) for one in options)
    item = choice("1", *options, prompt=prompt)
    return Task(name, [item], {"1": outcome("1", gold=0, log_likelihoods=likely, tokens=sizes, sizes=sizes)})


def test_items_of_two_test_sets_with_the_same_ids_are_told_apart(tmp_path: Path) -> None:
    tasks = [
        asked("rivers fixed base", "Rhine", "Elbe", prompt="Which river?"),
        asked("numbers fixed base", "1", "2", "3", prompt="Which number?"),
        asked("a b fixed base", "x", "y", prompt="Of the set a b?"),
        asked("a_b fixed base", "x", "y", "z", prompt="Of the set a_b?"),
    ]
    found = answers(kept(tmp_path, *tasks))
    assert [(one.task, one.item) for one in found] == [(task.name, task.items[0]) for task in tasks]
    assert [len(told(one).splitlines()) for one in found] == [8, 9, 8, 9]
    assert {mark(one) for one in found} == {"right"}


def test_an_item_with_the_line_ends_of_unicode_in_it_is_shown(tmp_path: Path) -> None:
    (found,) = answers(kept(tmp_path, asked("t fixed base", "a\u2028b", "c\x85d", prompt="e\u2029f\x0c?")))
    assert found.item.prompt == "e\u2029f\x0c?"
    assert found.item.choices == ("a\u2028b", "c\x85d")


def test_a_run_that_somebody_is_writing_has_no_answers_and_is_left_as_it_is(tmp_path: Path) -> None:
    past = kept(tmp_path, asked("t fixed base", "a", "b"))
    torn = b'{"task": "t fixed base", "item": "2", "corr'
    with (tmp_path / "outcomes.jsonl").open("ab") as file:
        file.write(torn)
    whole = (tmp_path / "outcomes.jsonl").read_bytes()
    assert answers(folder.Past(past.folder, past.identity, None)) == []
    assert len(answers(past)) == 1
    assert (tmp_path / "outcomes.jsonl").read_bytes() == whole
