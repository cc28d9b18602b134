"""What came of a run, in files that other tools read.

``results.json`` and ``samples_TASK.jsonl`` have the fields of lm-evaluation-harness's, with three
differences: ``acc_norm`` divides by UTF-8 bytes and not by characters, and is the headline; the second part
of an option's ``resps`` (there: whether the model would have written it) is not asked for and always False;
``bits_per_byte`` of a sample is the number itself. That of a task is of all its bytes, as it is there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from modes.evaluation.item import Item
from modes.evaluation.run import write_json, write_text
from modes.evaluation.score import Outcome

_SAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Task:
    """The items of one domain and split under one name, each with its outcome."""

    name: str
    items: Sequence[Item]
    outcomes: Mapping[str, Outcome]
    version: str = "1"


@dataclass(frozen=True, slots=True)
class About:
    """Who was asked, and how. ``date`` is seconds since 1970; ``more`` goes into ``config`` as it is."""

    model: str
    system: str | None = None
    date: float = 0.0
    seconds: float = 0.0
    more: Mapping[str, Any] = field(default_factory=dict)


def write_results(folder: Path, tasks: Sequence[Task], about: About) -> Path:
    """Write ``results.json`` and the samples of every task; returns the path of the former."""
    files = sample_files([task.name for task in tasks])
    for task in tasks:
        lines = (json.dumps(sample, ensure_ascii=False) for sample in samples(task))
        write_text(folder / files[task.name], "".join(f"{line}\n" for line in lines))
    counts = {task.name: len(_answered(task)) for task in tasks}
    report = {
        "results": {task.name: {"alias": task.name, **summary(task)} for task in tasks},
        "versions": {task.name: task.version for task in tasks},
        "n-shot": dict.fromkeys(counts, 0),
        "n-samples": {
            task.name: {"original": len(task.items), "effective": counts[task.name]} for task in tasks
        },
        "higher_is_better": {
            task.name: {name: name != "bits_per_byte" for name in _metrics(task)} for task in tasks
        },
        "config": {"model": "modeshare", "model_args": f"model={about.model}", **about.more},
        "model_source": "modeshare",
        "model_name": about.model,
        "model_name_sanitized": _SAFE.sub("_", about.model),
        "system_instruction": about.system,
        "date": about.date,
        "total_evaluation_time_seconds": str(about.seconds),
    }
    path = folder / "results.json"
    write_json(path, report)
    return path


def sample_files(tasks: Sequence[str]) -> dict[str, str]:
    """The file of the samples of each task, by its name; no two have the same."""
    found: dict[str, str] = {}
    for task in tasks:
        name = f"samples_{_SAFE.sub('_', task)}"
        names = chain([name], (f"{name}_{number}" for number in count(2)))
        found[task] = next(file for one in names if (file := f"{one}.jsonl") not in found.values())
    return found


def summary(task: Task) -> dict[str, float | str]:
    """Mean and standard error (of the sample) of every metric, as ``NAME,none`` and ``NAME_stderr,none``.

    Bits per byte are Σ bits / Σ bytes, with the standard error of a ratio (Cochran 1977, Sampling Techniques,
    ch. 6); every other mean counts each item once.
    """
    values: dict[str, list[tuple[float, float]]] = {}
    for item, outcome in _answered(task):
        weight = max(1, sum(outcome.sizes)) if item.kind == "text" else 1
        for name, value in metrics(item, outcome).items():
            values.setdefault(name, []).append((value, weight))
    found: dict[str, float | str] = {}
    for name, column in values.items():
        value, weight = np.array(column, np.float64).T
        mean = float(np.average(value, weights=weight))
        found[f"{name},none"] = mean
        off = (value - mean) * weight / np.mean(weight)
        some = len(column) > 1
        error = float(np.sqrt((off**2).sum() / (len(column) * (len(column) - 1)))) if some else "N/A"
        found[f"{name}_stderr,none"] = error
    return found


def metrics(item: Item, outcome: Outcome) -> dict[str, float]:
    """What one outcome counts for, by the names that lm-evaluation-harness has for it."""
    if item.kind == "choice":
        return {
            "acc": float(outcome.picked_by_sum == outcome.gold),
            "acc_norm": float(outcome.picked == outcome.gold),
        }
    if item.kind == "text":
        return {"bits_per_byte": outcome.bits_per_byte or 0.0}
    return {"exact_match" if item.kind == "exact" else "pass@1": float(outcome.correct)}


def samples(task: Task) -> Iterator[dict[str, Any]]:
    """One object for each answered item, in the order of the items."""
    numbers = {item.id: number for number, item in enumerate(task.items)}
    for item, outcome in _answered(task):
        doc, target = asdict(item), _target(item)
        calls = [(item.prompt, choice) for choice in item.choices] or [(item.prompt, "")]
        if item.kind == "choice":
            said: list[Any] = [[f"{one}", "False"] for one in outcome.log_likelihoods]
        else:
            said = [outcome.text] if item.kind != "text" else [str(outcome.log_likelihoods[0])]
        found = metrics(item, outcome)
        yield {
            "doc_id": numbers[item.id],
            "doc": doc,
            "target": target,
            "arguments": {
                f"gen_args_{at}": {"arg_0": prompt, "arg_1": end} for at, (prompt, end) in enumerate(calls)
            },
            "resps": [[one] for one in said],
            "filtered_resps": said,
            "filter": "none",
            "metrics": list(found),
            "doc_hash": _hash(json.dumps(doc, ensure_ascii=False)),
            "prompt_hash": _hash(item.prompt),
            "target_hash": _hash(str(target)),
            "note": outcome.note,
            **found,
        }


def _answered(task: Task) -> list[tuple[Item, Outcome]]:
    return [(item, task.outcomes[item.id]) for item in task.items if item.id in task.outcomes]


def _metrics(task: Task) -> list[str]:
    return sorted({name for item, outcome in _answered(task) for name in metrics(item, outcome)})


def _target(item: Item) -> Any:
    return {"choice": item.gold, "exact": list(item.accepted), "code": item.tests, "text": ""}[item.kind]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
