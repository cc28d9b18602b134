"""Any OpenAI-compatible server: what the protocol has, and of what it has not only what is not refused.

The other profiles begin here and say what is different.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.contract import AdapterRefused, BadConstraint, Message, NotOffered, Request, Sampling, Scales
from engine.remote.profiles.facts import Facts, Means
from engine.remote.refusals import Reply, said
from engine.remote.shelf import Kept
from engine.turns import fold_system, merge_roles

Body = dict[str, Any]

#: Fields beyond the protocol, or newer than some servers: left out once a server has refused one by name.
_OPTIONAL = (
    "chat_template_kwargs", "stream_options", "min_p", "top_k", "repeat_penalty", "seed",
    "frequency_penalty", "presence_penalty", "response_format",
)  # fmt: skip
#: How servers say that a field is none of theirs. What they refuse for another reason is tried again.
_STRANGE = (
    "unknown", "unrecogni", "unexpected", "unsupported", "not support", "extra", "additional propert",
    "not permitted", "not allowed",
)  # fmt: skip
#: What chat templates say that take no system message, or want the roles to take turns.
_WHIMS = ("alternate", "system role", "template", "jinja")


class Plain:
    """The profile of a server of which nothing more is known."""

    def __init__(self, means: Means, facts: Facts) -> None:
        self.wire, self.shelf, self.means, self.facts = means.wire, means.shelf, means, facts
        self._refused: set[str] = set()

    # Coefficients

    def install(self, kept: Kept) -> None:
        """Make sure that ``kept`` can be worn. Raises `AdapterRefused`."""
        raise AdapterRefused(f"{kept.mode}: {self.facts.prompt_only}")

    def retire(self, mode: str, by: Kept | None = None) -> None:
        """``mode`` is forgotten, or replaced ``by`` another version, on the server too."""

    def wear(self, scales: Scales) -> Body:
        """What a request with ``scales`` says besides. Raises `NotInstalled`, `AdapterRefused`."""
        self.shelf.parts(scales)
        return {"model": self.facts.model}

    def worn(self, body: Body) -> None:
        """The answer to ``body`` is over."""

    def push(self, kept: Kept) -> str:
        """Bring ``kept`` to the server, to stay; what was done, a sentence. Raises `AdapterRefused`."""
        raise AdapterRefused(
            f"{self._who()} takes no coefficients: modes are a prompt "
            "and a way of sampling there; tui modes export writes an adapter for its own tools"
        )

    # Requests

    def body(self, request: Request, seed: int) -> Body:
        """The request without what is worn. Raises `BadConstraint`."""
        body: Body = {
            "messages": [{"role": one.role, "content": one.content} for one in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "seed": seed,
            **self.sampling(request.sampling),
            **self.constraints(request),
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if (most := self.most(request)) is not None:
            body["max_tokens"] = most
        if request.thinking is not None:
            body["chat_template_kwargs"] = {"enable_thinking": request.thinking}
        if request.logit_bias:
            body["logit_bias"] = self.bias(request)
        return {name: value for name, value in body.items() if name not in self._refused}

    def most(self, request: Request) -> int | None:
        """The most tokens to ask for; None leaves it to the server."""
        return request.max_tokens

    def sampling(self, sampling: Sampling) -> Body:
        """How the next token is chosen, in the server's words."""
        return {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repeat_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
        }

    def constraints(self, request: Request) -> Body:
        """What holds the answer to a form. Raises `BadConstraint`."""
        if request.grammar is not None:
            raise BadConstraint(f"{self._who()} takes no grammars: ask with a JSON schema, or without")
        if request.json_schema is None:
            return {}
        schema = schema_of(request.json_schema)
        return {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            }
        }

    def bias(self, request: Request) -> Any:
        """Raises `BadConstraint` for a text, unless the server tells what token it is."""
        return {str(self._token(token)): value for token, value in request.logit_bias}

    def _token(self, token: int | str) -> int:
        if isinstance(token, int):
            return token
        found = self.tokens_of(token)
        if found is None:
            raise BadConstraint(f"{self._who()} tells no tokens: give the bias of {token!r} by its number")
        if len(found) != 1:
            raise BadConstraint(f"{token!r} is {len(found)} tokens: a bias is for one")
        return found[0]

    def amend(self, body: Body, reply: Reply) -> Body | None:
        """``body`` without what ``reply`` refused, if it can be done without."""
        if reply.status not in (400, 422, 500):
            return None
        words = said(reply.data, reply.text)
        for name in _OPTIONAL:
            if name in body and name in words and name != "response_format":
                if any(word in words.lower() for word in _STRANGE):
                    self._refused.add(name)
                return {key: value for key, value in body.items() if key != name}
        if any(whim in words.lower() for whim in _WHIMS):
            return _folded(body)
        return None

    # What only some can

    def tokens_of(self, text: str) -> list[int] | None:
        """The tokens of plain ``text``; None where the server does not tell."""
        return None

    def count(self, messages: Sequence[Message], thinking: bool | None) -> int | None:
        """Tokens of the prompt of ``messages``; None where the server does not tell."""
        return None

    def score(
        self, prompt: str | Sequence[Message], continuations: Sequence[str], scales: Scales
    ) -> list[list[float]]:
        """See `engine.contract.Engine.score`."""
        raise NotOffered(
            f"{self._who()} does not tell how likely a text is, so nothing can be scored there: "
            "use vLLM, or the model on this machine (--engine llama)"
        )

    def close(self) -> None:
        """Leave nothing of ours on the server."""

    def _who(self) -> str:
        return f"{self.wire.address.shown} ({self.facts.kind})"


def schema_of(text: str) -> Any:
    """Raises `BadConstraint` for what is no JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadConstraint(f"the JSON schema cannot be read ({error})") from None


def _folded(body: Body) -> Body | None:
    messages = [Message(one["role"], one["content"]) for one in body["messages"]]
    folded = merge_roles(fold_system(messages))
    if folded == messages:
        return None
    return {**body, "messages": [{"role": one.role, "content": one.content} for one in folded]}
