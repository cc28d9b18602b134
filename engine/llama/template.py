"""The model's own chat template: messages in, prompt text out, for templates with whims.

Some templates refuse a system message or two messages of one role in a row; what they refuse is folded
into what they take, and never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from engine.contract import GenerationFailed, Message
from engine.text import THINK_CLOSE, THINK_OPEN
from engine.turns import CHATML, fold_system, merge_roles

CHATML_ENDS = ("<|im_end|>", "<|im_start|>")

#: What a template that refuses a conversation, or is not fit for one, may raise.
_REFUSALS = (jinja2.TemplateError, ValueError, TypeError, LookupError)

_PROBE = "~system~probe~"


class ChatTemplate:
    """Renders prompts. ``note`` says what was not as expected, or is None."""

    def __init__(self, source: str | None, *, bos: str, eos: str) -> None:
        self.note: str | None = None
        #: What ends an answer in a template that the vocabulary may have no control tokens for.
        self.stops: tuple[str, ...] = ()
        try:
            if source is None:
                raise ValueError("the model file has no chat template")
            self._formatter = Jinja2ChatFormatter(source, eos_token=eos, bos_token=bos)
            self._formatter(messages=[{"role": "user", "content": "a"}])
        except _REFUSALS as error:
            unread = f"the model's chat template cannot be read ({error})"
            self.note = f"{unread if source is not None else error}: ChatML is used"
            self.stops = CHATML_ENDS
            self._formatter = Jinja2ChatFormatter(CHATML, eos_token=eos, bos_token=bos)
            source = None
        self._written = (source or CHATML, eos, bos)
        self._whole: Jinja2ChatFormatter | None = None
        self._knows_thinking = "enable_thinking" in (source or "")
        self.thinks = self._knows_thinking or THINK_OPEN in (source or "")
        self._takes_system = self._probe_system()

    def render(self, messages: Sequence[Message], thinking: bool | None = None) -> str:
        """The prompt, ending where the answer begins. Raises `GenerationFailed` when there is none."""
        if not self._takes_system:
            messages = fold_system(messages)
        try:
            return self._render(messages, thinking)
        except _REFUSALS:
            messages = merge_roles(fold_system(messages))
        try:
            return self._render(messages, thinking)
        except _REFUSALS as error:
            raise GenerationFailed(
                f"the model's chat template refuses this conversation ({error}): begin a new one"
            ) from error

    def plain(self, messages: Sequence[Message], asking: bool) -> str:
        """One rendering without thinking, ``asking`` up to where an answer begins, else to the last message.

        Raises what a template raises that refuses it.
        """
        if not self._takes_system:
            messages = fold_system(messages)
        if not asking and self._whole is None:
            self._whole = Jinja2ChatFormatter(*self._written, add_generation_prompt=False)
        return self._render(messages, False, None if asking else self._whole)

    def answer(self, messages: Sequence[Message]) -> str:
        """The prompt, ending where an answer without thinking begins. Raises `GenerationFailed`."""
        prompt = self.render(messages, thinking=False)
        begun = prompt.rstrip()
        return f"{begun}\n\n{THINK_CLOSE}\n\n" if begun.endswith(THINK_OPEN) else prompt

    def _render(
        self, messages: Sequence[Message], thinking: bool | None, formatter: Jinja2ChatFormatter | None = None
    ) -> str:
        extra: dict[str, Any] = {}
        if self._knows_thinking and thinking is not None:
            extra["enable_thinking"] = thinking
        plain: Any = [{"role": m.role, "content": m.content} for m in messages]
        return str((formatter or self._formatter)(messages=plain, **extra).prompt)

    def _probe_system(self) -> bool:
        try:
            return _PROBE in self._render((Message("system", _PROBE), Message("user", "a")), None)
        except _REFUSALS:
            return False
