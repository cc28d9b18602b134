"""Which kind of server it is, what it runs, and whether coefficients can be used there: found by asking."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.contract import GenerationFailed, LoadCancelled, ModelUnusable, Progress
from engine.remote.profiles.facts import Facts, Means, with_reason
from engine.remote.profiles.llama_server import LlamaServer, thinks
from engine.remote.profiles.mlx_lm_server import DEFAULT, MlxLmServer, context_of
from engine.remote.profiles.plain import Plain
from engine.remote.profiles.vllm import Vllm, holds_budgets
from engine.remote.refusals import Reply, other_kind, refusal
from engine.remote.wire import Wire

#: Seconds that a server may take to load its model before it answers.
LOADING = 600.0

#: What an adapter of ours is called, by mode and version.
_OURS = re.compile(r".+-[0-9a-f]{8}")

Models = Sequence[Mapping[str, Any]]


def profile_of(means: Means, model: str | None, base: Path | None, on_progress: Progress) -> Plain:
    """The profile of the server that ``means`` speaks to. ``model`` is the one to ask for, None the only one.

    ``base`` is a GGUF file of the same base. Raises `ModelUnusable`, `LoadCancelled`.
    """
    wire = means.wire
    try:
        reply = _models(wire, on_progress)
        listed = reply.table.get("data")
        models = [one for one in listed if _named(one)] if isinstance(listed, list) else []
        if reply.server.startswith("BaseHTTP") and _mlx(wire):
            return MlxLmServer(means, _with_base(_mlx_facts(models, model), base))
        if not isinstance(listed, list):
            raise other_kind(reply.kind, wire.address.shown)
        owner = str(models[0].get("owned_by", "")) if models else ""
        if owner == "llamacpp" and (props := wire.ask("GET", f"{wire.address.root}/props")).good:
            facts = _llama_facts(_chosen(models, model, wire), props.table, wire)
            return LlamaServer(means, _with_base(facts, base))
        if owner == "vllm":
            return _vllm(means, models, model, base)
        one = _chosen(models, model, wire)
        context = _whole(one, "max_model_len", "n_ctx")
        facts = Facts(str(one["id"]), "an OpenAI-compatible server", context=context)
        return Plain(means, with_reason(facts, "this server takes no coefficients"))
    except GenerationFailed as trouble:
        raise ModelUnusable(str(trouble)) from trouble


def _models(wire: Wire, on_progress: Progress) -> Reply:
    """What it says of its models, once it has loaded one."""
    until = time.monotonic() + LOADING
    while True:
        if not on_progress(0.0):
            raise LoadCancelled(f"waiting for {wire.address.shown} was given up")
        try:
            reply = wire.ask("GET", f"{wire.address.api}/models", wanted=lambda: on_progress(0.0))
        except GenerationFailed:
            if on_progress(0.0):
                raise
            continue
        if reply.status != 503 or time.monotonic() > until:
            break
        time.sleep(0.5)
    if not reply.good:
        raise refusal(reply, wire.address.shown)
    return reply


def _named(one: object) -> bool:
    return isinstance(one, dict) and "id" in one


def _mlx(wire: Wire) -> bool:
    """mlx_lm.server does not give its name; an empty list of models is what it says without a cache."""
    reply = wire.ask("GET", f"{wire.address.root}/health")
    return reply.good and "status" in reply.table


def _mlx_facts(models: Models, model: str | None) -> Facts:
    full = [str(one["id"]) for one in models if str(one.get("id", "")).startswith("/")]
    name = model or (full[-1] if full else DEFAULT)
    trained = context_of(name)
    return Facts(name, "mlx_lm.server", context=trained, trained_context=trained)


def _llama_facts(one: Mapping[str, Any], props: Mapping[str, Any], wire: Wire) -> Facts:
    told = one.get("meta")
    meta: Mapping[str, Any] = told if isinstance(told, dict) else {}
    settings = props.get("default_generation_settings")
    context = _whole(settings, "n_ctx") if isinstance(settings, dict) else 0
    file = Path(str(props.get("model_path", "")))
    return Facts(
        str(one["id"]),
        "llama-server",
        context=context,
        trained_context=_whole(meta, "n_ctx_train"),
        size=_whole(meta, "size"),
        parameters=_whole(meta, "n_params"),
        slots=_whole(props, "total_slots"),
        thinks=thinks(props),
        budgets=True,
        base=file if wire.address.loopback and file.is_file() else None,
    )


def _vllm(means: Means, models: Models, model: str | None, base: Path | None) -> Vllm:
    wire = means.wire
    adapters = [str(one["id"]) for one in models if one.get("parent")]
    one = _chosen([one for one in models if not one.get("parent")], model, wire)
    context = _whole(one, "max_model_len")
    name = str(one["id"])
    facts = Facts(name, "vLLM", context=context, trained_context=context, budgets=holds_budgets(wire, name))
    facts = _with_base(facts, base)
    loading = wire.ask("GET", f"{wire.address.api}/load_lora_adapter")
    if facts.prompt_only is None and loading.status in (403, 404):
        facts = _with_pushed(facts, [one for one in adapters if _OURS.fullmatch(one)])
    return Vllm(means, facts, adapters)


def _with_pushed(facts: Facts, pushed: Sequence[str]) -> Facts:
    """``facts`` of a vLLM that loads nothing for us: it may have what somebody else has ``pushed``."""
    if pushed:
        note = f"no modes can be brought there, only those be used that it has: {', '.join(pushed)}"
        return replace(facts, notes=(*facts.notes, note))
    flags = "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True and --enable-lora"
    return with_reason(facts, f"it was started without {flags}, or a proxy forbids it")


def _with_base(facts: Facts, base: Path | None) -> Facts:
    """``facts`` with the GGUF of its base; without one nothing can be made for it."""
    found = base or facts.base
    if found is not None:
        return replace(facts, base=found)
    why = "it is not known which base runs there (server_base names a GGUF file of the same base)"
    return with_reason(facts, why)


def _chosen(models: Models, model: str | None, wire: Wire) -> Mapping[str, Any]:
    """Raises `ModelUnusable` for one that is not there, or where there are several and none is named."""
    names = [str(one.get("id", "")) for one in models]
    if model is not None and model not in names:
        held = ", ".join(names) or "none"
        raise ModelUnusable(f"{wire.address.shown} has no model {model} (it has: {held}): set server_model")
    if model is None and len(models) != 1:
        held = ", ".join(names) or "none"
        raise ModelUnusable(f"which model of {wire.address.shown}? It has: {held}; set server_model")
    return models[names.index(model) if model is not None else 0]


def _whole(table: Mapping[str, Any], *names: str) -> int:
    """The first of ``names`` that is a whole number above 0; else 0."""
    found = (table.get(name) for name in names)
    return next((one for one in found if isinstance(one, int) and one > 0), 0)
