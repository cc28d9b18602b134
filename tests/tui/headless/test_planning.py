"""``tui plan``: the real program, on a model that is here and on one that is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.llama.engine import LlamaEngine, LlamaOptions
from tests.engine.plan.allocated import allocations
from tests.engine.plan.test_reading import CONFIGS, LARGE, MLX
from tests.tui.program import Program

GIB = 1 << 30
PAGE = Path(__file__).parents[3] / "docs" / "plan.md"
#: Every command of the page with its output.
SHOWN = re.findall(r"```\n\$ (tui plan .*?)```", PAGE.read_text("utf-8").replace(" \\\n    ", " "), re.DOTALL)


def planned(program: Program, *arguments: str) -> dict[str, Any]:
    outcome = program.run("plan", *arguments, "--json")
    found: dict[str, Any] = json.loads(outcome.out)
    assert outcome.code == (0 if found["fits"] else 1)
    return found


def test_the_starter_is_planned_within_two_per_cent_of_what_runs(
    program: Program, starter: Path, fingerprints: Path
) -> None:
    settings = ["--context", "2048", "--slots", "2", "--cpu", "--modes", "0"]
    plan = planned(program, str(starter), "--memory", "1GB", *settings)
    options = LlamaOptions(context=2048, slots=2, threads=1, memo=fingerprints)
    with allocations() as real:
        LlamaEngine(starter, options, lambda _fraction: True).close()
    assert plan["need"]["total"] / 2**20 == pytest.approx(sum(real.values()), rel=0.02)
    assert plan["left"] == 10**9 - plan["need"]["total"]
    assert plan["schema"] == 1


def test_70_billion_parameters_in_4_bits_on_96_gib(program: Program) -> None:
    outcome = program.run(
        "plan", str(LARGE), "--weights", "q4_k_m", "--memory", "96GiB", "--context", "131072"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert "weights         39.59 GiB" in outcome.out
    assert "K and V         40.00 GiB   f16, 320 KiB a token" in outcome.out
    assert "4 modes of 28 directions on o_proj and down_proj" in outcome.out
    row = next(line for line in outcome.out.splitlines() if line.startswith("8 x 32,768"))
    assert "no, 25.52 GiB missing" in row and "yes, 11.98 GiB left" in row


def test_what_does_not_fit_is_told_with_what_does_and_the_exit_code_is_1(program: Program) -> None:
    settings = ["--memory", "96GiB", "--slots", "8", "--context", "32768"]
    outcome = program.run("plan", str(LARGE), "--weights", "q4_k_m", *settings)
    assert outcome.code == 1
    assert "missing         25.52 GiB" in outcome.out
    assert "what fits instead: --kv q8_0 or --slots 5 or --context 22272" in outcome.out
    again = program.run("plan", str(LARGE), "--weights", "q4_k_m", *settings, "--kv", "q8_0")
    assert again.code == 0


def test_the_machines_that_become_free_are_named(program: Program) -> None:
    others = ["--also", "small=12GiB", "--also", "laptop=128GB"]
    outcome = program.run("plan", str(MLX), "--memory", "96GiB", *others)
    assert "on small, 12.00 GiB    no," in outcome.out
    assert "kept on this one: small and laptop free for something else" in outcome.out
    assert "kept on laptop: this one and small free for something else" in outcome.out


def test_models_that_are_replaced_are_summed(program: Program) -> None:
    replaced = ["--instead-of", str(MLX), "--instead-of", str(MLX)]
    plan = planned(program, str(MLX), "--memory", "96GiB", *replaced)
    assert [one["name"] for one in plan["instead_of"]] == [MLX.name, MLX.name]
    assert all(20 * GIB < one["total"] < plan["need"]["total"] for one in plan["instead_of"])


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.partition("\n")[0])
def test_the_documentation_shows_what_the_program_says(program: Program, shown: str) -> None:
    command, _, output = shown.partition("\n")
    arguments = [str(CONFIGS / one) if (CONFIGS / one).is_dir() else one for one in command.split()[2:]]
    assert program.run("plan", *arguments).out == output


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--memory", "much"], 2, "is no size: write it as"),
        (["--memory", "96GiB", "--weights", "q3"], 2, "--weights q3 is not known: one of bf16"),
        (["--memory", "96GiB", "--also", "laptop"], 2, "such as laptop=128GB"),
        (["--memory", "96GiB", "--kv", "q8_0", "--no-flash-attention"], 2, "leave out --no-flash-attention"),
        (["--memory", "96GiB", "--cpu"], 3, "leave out --cpu"),
        (["--memory", "96GiB", "--instead-of", "absent"], 3, "absent cannot be read"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    program: Program, arguments: list[str], code: int, says: str
) -> None:
    outcome = program.run("plan", str(MLX), *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert says in outcome.err and not outcome.traceback
