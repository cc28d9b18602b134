"""``tui plan``: what a model takes of a memory, and what an operator asks of both, as rows or JSON."""

from __future__ import annotations

from engine.plan.need import Need
from tui.headless import plan_words
from tui.headless.plan import HERE, Order, Plan
from tui.headless.report import write_json, write_line, write_rows

SCHEMA = 1


def plan_model(order: Order, as_json: bool) -> bool:
    """Print the plan; whether what was asked for fits. Raises `Unplannable`."""
    plan = Plan(order)
    if as_json:
        write_json(_as_json(plan))
    else:
        _write(plan)
    return plan.answer.fits


def _write(plan: Plan) -> None:
    for line in plan_words.heading(plan.model, plan.asked):
        write_line(line)
    order, found = plan.order, plan.need(plan.asked)
    parts = plan_words.parts(plan.model.shape, plan.asked, found)
    if order.modes:
        parts.append(plan_words.modes(found.modes, order.modes, order.directions, plan.kept))
    write_rows([*parts, *plan_words.sums(plan.answer)])
    if plan.instead:
        write_line(f"what fits instead: {plan_words.instead(plan.asked, plan.instead)}")
    write_line("")
    write_rows(plan_words.questions(plan.questions, plan.model.shape.trained))
    if order.machines:
        write_line("")
        write_rows(plan_words.machines(plan.answer.total, order.machines))
        write_line(plan_words.freed(plan.free, HERE))
    if plan.replaced:
        write_line("")
        write_rows(plan_words.replaced(plan.replaced, plan.answer.total))


def _as_json(plan: Plan) -> dict[str, object]:
    model, found = plan.model, plan.need(plan.asked)
    parts = {part: getattr(found, part) for part in Need.__dataclass_fields__}
    return {
        "schema": SCHEMA,
        "model": {
            "name": model.name,
            "architecture": model.shape.architecture,
            "stored": model.stored,
            "trained": model.shape.trained,
            "notes": model.notes,
        },
        "memory": plan.order.memory,
        "asked": plan_words.settings(plan.asked),
        "need": {**parts, "total": found.total, "modes_on_disk": plan.kept},
        "left": plan.answer.left,
        "fits": plan.answer.fits,
        "instead": [plan_words.settings(one) for one in plan.instead],
        "questions": [plan_words.answer(one) for row in plan.questions for one in row],
        "machines": plan.order.machines,
        "becomes_free": plan.free,
        "instead_of": [{"name": name, "total": total} for name, total in plan.replaced],
    }
