"""A plan in words and rows. Takes figures, computes none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from engine.plan.fit import as_flags
from engine.plan.model import Planned
from engine.plan.need import KV_KINDS, Need, Settings, kv_bytes_per_token
from engine.plan.questions import Answer
from engine.plan.shape import Shape
from tui.headless.sizes import in_gib

Row = tuple[str, ...]


def heading(model: Planned, asked: Settings) -> list[str]:
    """The model and what is asked of it."""
    shape = model.shape
    flash = "with" if asked.flash else "without"
    return [
        f"{model.name}: {shape.architecture}, {shape.layers} layers, {shape.kv_heads} of {shape.heads} heads "
        f"have K and V; weights in {model.stored}",
        f"{amount(asked)}, read {asked.batch} at a time {flash} flash attention",
        *model.notes,
    ]


def amount(one: Settings) -> str:
    return f"{one.slots} x {one.context:,} tokens"


def parts(shape: Shape, asked: Settings, found: Need) -> list[Row]:
    """What is allocated, modes excepted."""
    about = f"{asked.kv}, {kv_bytes_per_token(shape, asked.kv) / 1024:,g} KiB a token"
    if shape.windowed:
        kept = "keep no more than" if asked.window_only else "keep all, though they look back only"
        about += f"; {shape.windowed} of {shape.layers} layers {kept} {shape.window:,}"
    rows: list[Row] = [("weights", in_gib(found.weights), "")]
    if found.copies:
        rows.append(("weights again", in_gib(found.copies), "rearranged for this CPU"))
    rows.append(("K and V", in_gib(found.kv), about))
    rows.append(("compute buffer", in_gib(found.compute), ""))
    rows.append(("logits", in_gib(found.logits), ""))
    return rows


def modes(held: int, count: int, directions: int, kept: int) -> Row:
    noun = "mode" if count == 1 else "modes"
    about = f"{count} {noun} of {directions} directions on o_proj and down_proj ({in_gib(kept)} on disk)"
    return ("modes", in_gib(held), about)


def sums(answer: Answer) -> list[Row]:
    left = "left" if answer.fits else "missing"
    return [
        ("together", in_gib(answer.total), f"of {in_gib(answer.memory)}"),
        (left, in_gib(abs(answer.left)), ""),
    ]


def instead(asked: Settings, others: Sequence[Settings]) -> str:
    """Flags that would fit."""
    return " or ".join(as_flags(asked, other) for other in others)


def questions(rows: Sequence[tuple[Answer, ...]], trained: int) -> list[Row]:
    """A row a question, a column a kind of K and V."""
    return [
        ("", *(f"K and V in {kind}" for kind in KV_KINDS)),
        *((_asked(row[0], trained), *(_answered(one) for one in row)) for row in rows),
    ]


def _asked(one: Answer, trained: int) -> str:
    if one.longest:
        return f"longest for {one.settings.slots}" + (f", of {trained:,}" if trained else "")
    beyond = f" (trained on {trained:,})" if 0 < trained < one.settings.context else ""
    return amount(one.settings) + beyond


def _answered(one: Answer) -> str:
    if one.longest:
        return f"{one.settings.context:,} tokens, {in_gib(one.left)} left" if one.fits else "not any"
    return f"yes, {in_gib(one.left)} left" if one.fits else f"no, {in_gib(-one.left)} missing"


def machines(total: int, others: Mapping[str, int]) -> list[Row]:
    """Whether it would fit elsewhere."""
    rows: list[Row] = []
    for name, memory in others.items():
        short = total - memory
        verdict = f"no, {in_gib(short)} missing" if short > 0 else f"yes, {in_gib(-short)} left"
        rows.append((f"on {name}, {in_gib(memory)}", verdict))
    return rows


def freed(free: Mapping[str, Sequence[str]], here: str) -> str:
    """Which machine becomes free, for each that the model could be kept on."""
    if not free:
        return "it fits on none of them: no machine becomes free"
    sentences = [
        f"kept on {name}: {' and '.join(others)} free for something else" for name, others in free.items()
    ]
    return "; ".join(sentences)


def replaced(models: Sequence[tuple[str, int]], total: int) -> list[Row]:
    """What the replaced models take, against this one for all of them."""
    before = sum(size for _, size in models)
    change = "less" if total <= before else "more"
    return [
        *((f"instead of {name}", in_gib(size)) for name, size in models),
        ("together", in_gib(before)),
        (f"this one for all, {change} by", in_gib(abs(before - total))),
    ]


def settings(one: Settings) -> dict[str, object]:
    return asdict(one)


def answer(one: Answer) -> dict[str, object]:
    return {**asdict(one), "left": one.left, "fits": one.fits}
