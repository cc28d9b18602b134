"""The files of a run have the fields that readers of lm-evaluation-harness's files look for."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from modes.evaluation.results import About, Task, sample_files, write_results
from tests.modes.evaluation.made import choice, item, outcome

ITEMS = [
    choice("a", "no", "yes, of course", gold=1),
    choice("b", "no", "yes", gold=0),
    choice("left out", "no", "yes"),
]
#: Of the first the shorter one is likelier, and the longer one by its length.
OUTCOMES = [
    outcome("a", True, gold=1, log_likelihoods=(-3.0, -4.0), tokens=(1, 4), sizes=(2, 14)),
    outcome("b", True, gold=0, log_likelihoods=(-1.0, -9.0), tokens=(1, 1), sizes=(2, 3)),
]
TASKS = [
    Task("rivers/T1", ITEMS, {one.item: one for one in OUTCOMES}, "salt a"),
    Task("exact", [item("c", prompt="ᎣᏏᏲ?")], {"c": outcome("c", False, text="no")}),
    Task("code", [item("d", kind="code", tests="x")], {"d": outcome("d", True, text="y", note="passed")}),
    Task(
        "text",
        [item("e", kind="text")],
        {"e": outcome("e", False, log_likelihoods=(-8.0,), tokens=(2,), sizes=(8,))},
    ),
]


def test_the_means_are_under_the_names_that_are_looked_for(tmp_path: Path) -> None:
    path = write_results(tmp_path, TASKS, About("Smol/LM", "Be brief.", 1.5, 60.0, {"seed": 3}))
    found = json.loads(path.read_text())
    assert path.name == "results.json"
    rivers = found["results"]["rivers/T1"]
    assert [rivers["alias"], rivers["acc,none"], rivers["acc_norm,none"]] == ["rivers/T1", 0.5, 1.0]
    assert [rivers["acc_stderr,none"], rivers["acc_norm_stderr,none"]] == [pytest.approx(0.5), 0.0]
    assert found["results"]["exact"]["exact_match,none"] == 0.0
    assert found["results"]["code"]["pass@1,none"] == 1.0
    assert found["results"]["text"]["bits_per_byte,none"] == pytest.approx(1.442695)
    assert found["results"]["text"]["bits_per_byte_stderr,none"] == "N/A", "of one item there is none"
    assert found["n-samples"]["rivers/T1"] == {"original": 3, "effective": 2}
    assert found["versions"]["rivers/T1"] == "salt a"
    assert found["higher_is_better"]["text"] == {"bits_per_byte": False}
    assert found["higher_is_better"]["rivers/T1"] == {"acc": True, "acc_norm": True}
    assert [found["config"]["seed"], found["model_name"], found["model_name_sanitized"]] == [
        3,
        "Smol/LM",
        "Smol_LM",
    ]


def test_every_answered_item_is_a_sample(tmp_path: Path) -> None:
    write_results(tmp_path, TASKS, About("m"))
    first, second = map(json.loads, (tmp_path / "samples_rivers_T1.jsonl").read_text().splitlines())
    assert [first["doc_id"], first["doc"]["id"], first["target"]] == [0, "a", 1]
    assert first["arguments"]["gen_args_1"] == {"arg_0": "What of a?", "arg_1": "yes, of course"}
    assert first["filtered_resps"] == [["-3.0", "False"], ["-4.0", "False"]], "nobody asked what is greedy"
    assert first["resps"] == [[["-3.0", "False"]], [["-4.0", "False"]]]
    assert [first["acc"], first["acc_norm"], first["metrics"]] == [0.0, 1.0, ["acc", "acc_norm"]]
    assert len({first["doc_hash"], second["doc_hash"]}) == 2
    (exact,) = map(json.loads, (tmp_path / "samples_exact.jsonl").read_text().splitlines())
    assert [exact["filtered_resps"], exact["target"], exact["exact_match"]] == [["no"], ["yes"], 0.0]
    assert "ᎣᏏᏲ" in (tmp_path / "samples_exact.jsonl").read_text(), "letters can be read"


def test_a_sample_has_the_number_of_its_item_in_the_task_whatever_was_answered(tmp_path: Path) -> None:
    write_results(tmp_path, [Task("t", ITEMS, {"b": OUTCOMES[1]})], About("m"))
    (sample,) = map(json.loads, (tmp_path / "samples_t.jsonl").read_text().splitlines())
    assert [sample["doc_id"], sample["doc"]["id"]] == [1, "b"]


def test_a_byte_counts_the_same_in_a_short_text_and_in_a_long_one(tmp_path: Path) -> None:
    texts = [item(name, kind="text") for name in "abc"]
    read = [(-1.0, 10), (-300.0, 100), (-50.0, 40)]
    outcomes = {
        name: outcome(name, False, log_likelihoods=(likely,), tokens=(2,), sizes=(size,))
        for name, (likely, size) in zip("abc", read, strict=True)
    }
    path = write_results(tmp_path, [Task("t", texts, outcomes)], About("m"))
    found = json.loads(path.read_text())["results"]["t"]
    assert found["bits_per_byte,none"] == pytest.approx(351 / 150 / math.log(2))
    bits = [-likely / math.log(2) for likely, _ in read]
    off = [one - sum(bits) / 150 * size for one, (_, size) in zip(bits, read, strict=True)]
    expected = math.sqrt(sum(one**2 for one in off) / (3 * 2)) / 50
    assert found["bits_per_byte_stderr,none"] == pytest.approx(expected)


def test_what_has_no_answer_yet_has_no_numbers(tmp_path: Path) -> None:
    found = json.loads(write_results(tmp_path, [Task("t", ITEMS, {})], About("m")).read_text())
    assert found["results"] == {"t": {"alias": "t"}}
    assert (tmp_path / "samples_t.jsonl").read_text() == ""


def test_no_two_tasks_have_the_same_file() -> None:
    found = sample_files(["a b 2", "a b", "a_b", "a b_2"])
    assert list(found.values()) == [
        *("samples_a_b_2.jsonl", "samples_a_b.jsonl", "samples_a_b_3.jsonl", "samples_a_b_2_2.jsonl")
    ]
