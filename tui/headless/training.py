"""``tui modes train`` and ``grow``: from data to a mode that is in the subspace.

It must not know torch or MLX: what needs them is imported when everything cheaper has been looked at.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.contract import ModelUnusable
from modes.share.exchange import BaseModel
from modes.share.library import Library, LibraryError, Shelved
from modes.share.subspace import seeded
from modes.share.taking import opened, take
from modes.training.data import Sample, from_examples, in_prompt, read_chat
from modes.training.endings import CannotTrain
from modes.training.keeping import Place
from modes.training.plan import TARGETS, Plan
from modes.training.targets import targeted
from tui.core.coefficients import SHIPPED
from tui.core.notices import Notices
from tui.headless.coefficients import identified, taken_lines
from tui.headless.course import Course
from tui.headless.verifying import check_trained

if TYPE_CHECKING:
    from collections.abc import Callable

    from modes.training.lesson import Lesson
    from modes.training.loop import Learned
    from tui.core.config import EngineName

#: What a mode is trained with.
Teacher = Literal["torch", "mlx"]
#: New directions of a mode that grows the subspace, and their learning rate: four, which have to
#: come as far as a LoRA's sixteen in the same steps, learn best at a higher one (docs/share.md).
DIRECTIONS, GROWING_RATE = 4, 6e-3


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be learned as ``name``: ``data`` None is the domain of that name.

    ``growing`` trains in the shared subspace, which ``random`` directions begin where there is none yet.
    ``prompt`` is the mode's own, in which it is learned too.
    """

    name: str
    data: Path | None
    growing: bool
    random: int | None = None
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """The base, where its identity is remembered, the subspace, where checkpoints are kept, what trains."""

    model: Path
    remembered: Path
    subspace: Path
    checkpoints: Path
    teacher: Teacher = "torch"


def teacher_of(model: Path, engine: EngineName | None) -> Teacher:
    """What trains on ``model``: MLX an MLX directory, and a GGUF for the engine mlx. Raises `CannotTrain`."""
    if not model.is_dir():
        return "mlx" if engine == "mlx" else "torch"
    if engine == "llama":
        raise CannotTrain(
            f"{model} is a directory, and for the engine llama a GGUF file is trained on: take --engine mlx, "
            "or name a GGUF (--model)"
        )
    return "mlx"


def train_mode(task: Task, chosen: Mapping[str, Any], site: Site) -> list[str]:
    """Train and take in; ``chosen`` are fields of the `Plan` other than the defaults.

    Returns what there is to say when all is done, as `import_mode` does.

    What is in the subspace stays as it was until the new version is whole. The checkpoint stays until
    `forget`, so that whatever fails after the last step costs no training. Raises `BadData`,
    `UnknownDomain`, `BadAdapter`, `LibraryError`, `CannotTrain`, `Interrupted`.
    """
    samples = _samples(task)
    library, shipped = Library(site.subspace), Library(SHIPPED)
    identity = identified(site.model, site.remembered)
    old = opened(library, identity, site.model.name, shipped)
    plan = _plan(task, chosen, old)
    if task.growing:
        old = _begun(task, plan, old, site)
    learn = _learn(site.teacher)
    notices = Notices()
    notices.say(f"{task.name}: {len(samples):,} answers to learn; reading {site.model.name} for training ...")

    def say(text: str) -> None:
        notices.say(f"{task.name}: {text}")

    with Course(notices) as course:
        basis = old.basis if task.growing else None
        place = Place(site.checkpoints / task.name, say)
        lesson = learn(site.model, identity, samples, plan, place, course.report, basis)
    learned = _gained(task.name, lesson.learned)
    # Others may have brought modes in while this one learned.
    now = opened(library, identity, site.model.name, shipped)
    shelf = now if now.basis.modules else old
    taken = take(library, shelf, task.name, learned.adapter, {"trained": lesson.record})
    return [
        f"{task.name}: learned in {len(learned.losses):,} steps, the best after {learned.step:,} "
        f"(validation loss {_losses(learned)})",
        *taken_lines(task.name, site.subspace, taken),
        *_looked_at(task.name, library, taken.shelved, site.model),
    ]


def _looked_at(name: str, library: Library, shelved: Shelved, model: Path) -> list[str]:
    """What `check_trained` says; the mode is there whatever becomes of that, so nothing is raised."""
    try:
        return check_trained(name, library, shelved, model)
    except (LibraryError, OSError) as error:
        return [
            f"{name}: not verified, it loads only when asked for by name: {error}; "
            f"tui modes verify {name} looks at it again"
        ]


def _gained(name: str, learned: Learned) -> Learned:
    """What was learned, if that is anything. Raises `CannotTrain`."""
    if learned.untrained is not None and learned.loss >= learned.untrained:
        raise CannotTrain(
            f"{name} is not taken in, for nothing was gained (validation loss {_losses(learned)}): "
            "take lower learning rates (--rate, --core-rate), or give more data"
        )
    return learned


def _losses(learned: Learned) -> str:
    before = "" if learned.untrained is None else f", {learned.untrained:.3f} untrained"
    return f"{learned.loss:.3f} nats a token{before}"


def forget(task: Task, site: Site) -> None:
    """Remove the mode's checkpoints, when it is taken in: its own, and of what was stopped before."""
    shutil.rmtree(site.checkpoints / task.name, ignore_errors=True)


def _samples(task: Task) -> list[Sample]:
    if task.data is not None:
        found = read_chat(task.data)
    else:
        from modes.evaluation.domains import domain

        found = from_examples(domain(task.name).examples(""), f"domain {task.name}")
    return in_prompt(found, task.prompt)


def _plan(task: Task, chosen: Mapping[str, Any], old: Shelved) -> Plan:
    shared = dict.fromkeys(name.split(".")[2] for name in old.basis.modules)
    targets = tuple(shared) if task.growing and shared else TARGETS
    plan = Plan(targets=targets)
    if task.growing:
        plan = replace(plan, directions=DIRECTIONS, rate=GROWING_RATE)
    return replace(plan, **chosen)


def _begun(task: Task, plan: Plan, old: Shelved, site: Site) -> Shelved:
    """The subspace to train in: the one there is, or random directions. Raises `LibraryError`."""
    if old.basis.modules:
        if task.random is not None:
            raise LibraryError(f"{site.subspace} has a subspace already: leave out --random")
        return old
    if task.random is None:
        raise LibraryError(
            f"{site.subspace} has no subspace yet: train or import a mode first, "
            "or begin with random directions (--random 32)"
        )
    every = BaseModel.of(site.model).shapes
    shapes = {name: every[name] for name in targeted(site.model.name, every, plan.targets)}
    most = min((size for shape in shapes.values() for size in shape), default=0)
    if task.random > most:
        raise CannotTrain(
            f"{site.model.name} has no room for {task.random} directions in {', '.join(plan.targets)}: "
            f"{most} are the most"
        )
    return replace(old, basis=seeded(shapes, task.random, old.basis.base, plan.seed))


def _learn(teacher: Teacher) -> Callable[..., Lesson]:
    """What learns, imported. Raises `CannotTrain` where the extra is missing."""
    try:
        if teacher == "mlx":
            from modes.training.mlx.learn import learn as with_mlx

            return with_mlx
        import torch  # noqa: F401
        import transformers  # noqa: F401

        from modes.training.learn import learn
    except (ImportError, OSError, ModelUnusable) as error:
        needs, extra = ("MLX", "mlx") if teacher == "mlx" else ("torch and transformers", "train")
        raise CannotTrain(
            f"training needs {needs} ({error}): install what is missing with "
            f"{shlex.quote(sys.executable)} -m pip install 'modeshare[{extra}]'"
        ) from error
    return learn
