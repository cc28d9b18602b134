"""What may be said of a server, and the model on it as `ModelInfo`.

It must not know how any of it was found out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePath

from engine.contract import ModelInfo
from engine.header import header_of
from engine.remote.profiles.facts import Facts
from engine.remote.shelf import Export

#: Tokens of context where neither the server nor the operator tells, and answers at once.
_CONTEXT, _SLOTS = 4096, 4


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """What may be said of a server; None leaves it to what it tells.

    ``model`` is which of its models to ask, ``key`` a bearer token, ``context`` tokens of each answer.
    ``tls`` False allows http to another machine. ``base`` is a GGUF file of the base that the server runs,
    whose fingerprint ``memo`` remembers; ``export`` writes adapters for it into ``folder``, which the server
    must see under the same path.
    """

    model: str | None = None
    key: str | None = field(default=None, repr=False)
    tls: bool = True
    context: int | None = None
    slots: int | None = None
    base: Path | None = None
    memo: Path | None = None
    folder: Path | None = None
    export: Export | None = None


def described(facts: Facts, where: str, counts: bool, options: RemoteOptions) -> ModelInfo:
    """``counts``: the server counts the tokens of a prompt. Raises `OSError`, `ValueError` for a bad base."""
    notes = list(facts.notes)
    if facts.prompt_only:
        notes.append(facts.prompt_only)
    if not facts.budgets:
        notes.append("a thinking budget is not held here: the server lets a model think to its own end")
    if not counts:
        notes.append("tokens before an answer are guessed: this server does not count them")
    if not (options.context or facts.context):
        notes.append(f"the server does not tell its context: {_CONTEXT:,} tokens are assumed (--context)")
    context = options.context or facts.context or _CONTEXT
    return ModelInfo(
        name=PurePath(facts.model).name.removesuffix(".gguf") or facts.model,
        architecture=(header_of(facts.base).architecture if facts.base else None) or "architecture not told",
        path=facts.base,
        size=facts.size,
        parameters=facts.parameters,
        context=min(context, facts.context or context),
        trained_context=facts.trained_context,
        device=f"{facts.kind} at {where}",
        thinks=facts.thinks,
        slots=options.slots or facts.slots or _SLOTS,
        notes=tuple(notes),
        prompt_only=facts.prompt_only,
    )
