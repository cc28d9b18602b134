"""llama-server: adapters are named when it starts, and every request scales each of them.

One that a request does not list would have the scale that it was started with, so all are listed. What was
read is kept there by its tokens alone, whatever adapters it was read with, so beside them it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from engine.contract import AdapterRefused, Message, Request, Sampling, Scales
from engine.remote.profiles.facts import Facts, Means, with_reason
from engine.remote.profiles.plain import Body, Plain, schema_of
from engine.remote.refusals import refusal
from engine.remote.shelf import Kept


class LlamaServer(Plain):
    """``listed`` are the adapters that the server has: the names of their files, and its numbers."""

    def __init__(self, means: Means, facts: Facts) -> None:
        super().__init__(means, facts)
        self.listed = self._list()
        if not self.listed and facts.prompt_only is None:
            push = f"tui modes push NAME --to {self.wire.address.shown}"
            self.facts = with_reason(facts, f"it was started without --lora ({push} says how)")

    def _list(self) -> list[tuple[str, int]]:
        """Raises `GenerationFailed` where it cannot tell now, as while it loads its model."""
        reply = self.wire.ask("GET", f"{self.wire.address.root}/lora-adapters")
        if reply.status in (429, 502, 503):
            raise refusal(reply, self.wire.address.shown)
        listed = reply.data if reply.good and isinstance(reply.data, list) else []
        return [
            (PurePath(one["path"]).stem, int(one["id"])) for one in listed if "path" in one and "id" in one
        ]

    def install(self, kept: Kept) -> None:
        """Raises `AdapterRefused` unless the server was started with it, in this version."""
        self.listed = self._list()
        self._number(kept)

    def wear(self, scales: Scales) -> Body:
        """Every adapter with its scale; asked for anew, because the server may have been started again."""
        parts = self.shelf.parts(scales)
        self.listed = self._list()
        wanted = {self._number(kept): scale for kept, scale in parts}
        body: Body = {"model": self.facts.model}
        if self.listed:
            body["lora"] = [{"id": one, "scale": wanted.get(one, 0.0)} for _, one in self.listed]
            body["cache_prompt"] = False
        return body

    def _number(self, kept: Kept) -> int:
        listed = dict(self.listed)
        if kept.label in listed:
            return listed[kept.label]
        remedy = f"tui modes push {kept.mode} --to {self.wire.address.shown} says how to bring it"
        others = [name for name in listed if name.rpartition("-")[0] == kept.mode]
        if others:
            raise AdapterRefused(
                f"{self.wire.address.shown} has {kept.mode} in another version ({', '.join(others)}, not "
                f"{kept.label}): {remedy}"
            )
        raise AdapterRefused(
            f"{self.wire.address.shown} was started without {kept.label} "
            f"(it has: {', '.join(listed) or 'none'}): {remedy}"
        )

    def push(self, kept: Kept) -> str:
        """The server takes adapters only when it starts."""
        if kept.label in dict(self._list()):
            return f"{kept.mode}: {self.wire.address.shown} has it already, as {kept.label}"
        file = self.means.folder_for("gguf", kept.mode, self.facts.base).put(kept, stay=True)
        return (
            f"{kept.mode}: written to {file}; llama-server takes it when it starts: add "
            f"--lora {file} --lora-init-without-apply to its command, and keep the file's name"
        )

    def body(self, request: Request, seed: int) -> Body:
        body = super().body(request, seed)
        body["return_progress"] = True
        if request.thinking_budget is not None:
            body["reasoning_budget_tokens"] = request.thinking_budget
        return body

    def sampling(self, sampling: Sampling) -> Body:
        return {**super().sampling(sampling), "repeat_last_n": sampling.repeat_last_n}

    def constraints(self, request: Request) -> Body:
        found: Body = {}
        if request.grammar is not None:
            found["grammar"] = request.grammar
        if request.json_schema is not None:
            found["json_schema"] = schema_of(request.json_schema)
        return found

    def bias(self, request: Request) -> Any:
        return [[self._token(token), value] for token, value in request.logit_bias]

    def tokens_of(self, text: str) -> list[int] | None:
        return self._tokens(text, special=False)

    def count(self, messages: Sequence[Message], thinking: bool | None) -> int | None:
        """Through the template, then the tokenizer."""
        body: dict[str, Any] = {"messages": [{"role": one.role, "content": one.content} for one in messages]}
        if thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": thinking}
        reply = self.wire.ask("POST", f"{self.wire.address.root}/apply-template", body)
        prompt = reply.table.get("prompt")
        return len(self._tokens(prompt, special=True)) if reply.good and isinstance(prompt, str) else None

    def _tokens(self, text: str, special: bool) -> list[int]:
        body = {"content": text, "add_special": special, "parse_special": special}
        reply = self.wire.ask("POST", f"{self.wire.address.root}/tokenize", body)
        if not reply.good or not isinstance(reply.table.get("tokens"), list):
            raise refusal(reply, self.wire.address.shown)
        return [int(one) for one in reply.table["tokens"]]


def thinks(props: Mapping[str, Any]) -> bool:
    """Whether the model's template knows reasoning."""
    template = str(props.get("chat_template", ""))
    return "enable_thinking" in template or "<think>" in template
