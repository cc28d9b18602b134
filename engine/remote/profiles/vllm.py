"""vLLM: adapters are loaded while it runs, each a model of its own name, one for a mode and version.

It takes one adapter for a request, so a blend is made into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.contract import GenerationFailed, Message, NotOffered, Request, Sampling, Scales
from engine.remote.profiles.facts import Facts, Means
from engine.remote.profiles.plain import Body, Plain, schema_of
from engine.remote.profiles.vllm_adapters import VllmAdapters
from engine.remote.refusals import Reply, refusal, said
from engine.remote.shelf import Kept
from engine.remote.wire import Wire

#: The most tokens of thinking. Older ones ignore it, and one without --reasoning-parser refuses it.
_BUDGET = "thinking_token_budget"
#: What a proxy says of a path that it does not pass on.
_NO_SUCH_PATH = (403, 404, 405)


def holds_budgets(wire: Wire, model: str) -> bool:
    """Whether it ends thinking: it must take a number there, and nothing else."""

    def takes(budget: object) -> bool:
        body = {"model": model, "prompt": "a", "max_tokens": 1, _BUDGET: budget}
        return wire.ask("POST", f"{wire.address.api}/completions", body).good

    return not takes("many") and takes(1)


class Vllm(Plain):
    """``served`` are the adapters that it had already, which are not ours to unload."""

    def __init__(self, means: Means, facts: Facts, served: Sequence[str] = ()) -> None:
        super().__init__(means, facts)
        self._adapters = VllmAdapters(means, facts.base, served)

    def install(self, kept: Kept) -> None:
        self._adapters.load(kept)

    def retire(self, mode: str, by: Kept | None = None) -> None:
        self._adapters.retire(mode, by)

    def wear(self, scales: Scales) -> Body:
        kept = self.shelf.blended(scales)
        return {"model": self.facts.model if kept is None else self._adapters.take(kept)}

    def worn(self, body: Body) -> None:
        self._adapters.release(body["model"])

    def push(self, kept: Kept) -> str:
        self._adapters.load(kept, ours=False)
        return f"{kept.mode}: {self.wire.address.shown} answers with it now as model {kept.label}"

    def amend(self, body: Body, reply: Reply) -> Body | None:
        """A server that was started anew has lost its adapters: they are brought once more."""
        if reply.status == 404 and self._adapters.bring_again(body["model"]):
            return body
        return super().amend(body, reply)

    def body(self, request: Request, seed: int) -> Body:
        body = super().body(request, seed)
        if request.thinking_budget is not None and self.facts.budgets:
            body[_BUDGET] = request.thinking_budget
        return body

    def sampling(self, sampling: Sampling) -> Body:
        found = super().sampling(sampling)
        repeat = found.pop("repeat_penalty")
        return {**found, "top_k": sampling.top_k or -1, "repetition_penalty": repeat}

    def constraints(self, request: Request) -> Body:
        held: Body = {}
        if request.grammar is not None:
            held["grammar"] = request.grammar
        if request.json_schema is not None:
            held["json"] = schema_of(request.json_schema)
        return {"structured_outputs": held} if held else {}

    def tokens_of(self, text: str) -> list[int] | None:
        return self._tokens({"prompt": text, "add_special_tokens": False})

    def count(self, messages: Sequence[Message], thinking: bool | None) -> int | None:
        found = self._prompt(messages, thinking)
        return None if found is None else len(found)

    def _prompt(self, messages: Sequence[Message], thinking: bool | None) -> list[int] | None:
        spoken = [{"role": one.role, "content": one.content} for one in messages]
        body: Body = {"messages": spoken, "add_generation_prompt": True}
        if thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": thinking}
        return self._tokens(body)

    def _tokens(self, body: Body) -> list[int] | None:
        """None where a proxy lets nothing through but what is under /v1."""
        url = f"{self.wire.address.root}/tokenize"
        reply = self.wire.ask("POST", url, {"model": self.facts.model, **body})
        if reply.status in _NO_SUCH_PATH and "model" not in said(reply.data, reply.text).lower():
            return None
        if not reply.good or not isinstance(reply.table.get("tokens"), list):
            raise refusal(reply, self.wire.address.shown)
        return [int(one) for one in reply.table["tokens"]]

    def score(
        self, prompt: str | Sequence[Message], continuations: Sequence[str], scales: Scales
    ) -> list[list[float]]:
        """By the log-probabilities of a prompt, which vLLM gives for every token after the first."""
        if isinstance(prompt, str):
            start = self._tokens({"prompt": prompt, "add_special_tokens": True})
        else:
            start = self._prompt(prompt, False)
        if start is None:
            raise NotOffered(f"{self._who()} tells no tokens: let its proxy pass /tokenize on")
        if not start:
            raise NotOffered(
                f"{self._who()} cannot score a text from its beginning: its vocabulary begins with nothing"
            )
        ends = [self.tokens_of(one) or [] for one in continuations]
        body = {**self.wear(scales), "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
        try:
            return [self._likelihoods(start, end, body) for end in ends]
        finally:
            self.worn(body)

    def close(self) -> None:
        self._adapters.close()

    def _likelihoods(self, start: list[int], end: list[int], body: Body) -> list[float]:
        url = f"{self.wire.address.api}/completions"
        reply = self.wire.ask("POST", url, {**body, "prompt": start + end}, seconds=600.0)
        if not reply.good:
            raise refusal(reply, self.wire.address.shown)
        try:
            told: list[Any] = reply.table["choices"][0]["prompt_logprobs"][len(start) :]
            return [float(one[str(token)]["logprob"]) for one, token in zip(told, end, strict=True)]
        except (LookupError, TypeError, ValueError):
            raise GenerationFailed(
                f"{self.wire.address.shown} gives no log-probabilities of a prompt: is its vLLM very old?"
            ) from None
