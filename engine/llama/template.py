"""The model's own chat template: messages in, prompt text out, for templates with whims.

Some templates refuse a system message or two messages of one role in a row; what they refuse is folded
into what they take, and never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from engine.contract import Message
from engine.text import THINK_OPEN

#: Used when a file has no template, or one that cannot be read.
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_PROBE = "~system~probe~"


class ChatTemplate:
    """Renders prompts. ``note`` says what was not as expected, or is None."""

    def __init__(self, source: str | None, *, bos: str, eos: str) -> None:
        self.note: str | None = None
        if source is None:
            self.note = "the model file has no chat template: ChatML is used"
        try:
            self._formatter = Jinja2ChatFormatter(source or CHATML, eos_token=eos, bos_token=bos)
        except jinja2.TemplateError as error:
            self.note = f"the model's chat template cannot be read ({error}): ChatML is used"
            self._formatter = Jinja2ChatFormatter(CHATML, eos_token=eos, bos_token=bos)
        self._knows_thinking = "enable_thinking" in (source or "")
        self.thinks = self._knows_thinking or THINK_OPEN in (source or "")
        self._takes_system = self._probe_system()

    def render(self, messages: Sequence[Message], thinking: bool | None = None) -> str:
        """The prompt, ending where the answer begins."""
        if not self._takes_system:
            messages = fold_system(messages)
        try:
            return self._render(messages, thinking)
        except (jinja2.TemplateError, ValueError):
            return self._render(merge_roles(fold_system(messages)), thinking)

    def _render(self, messages: Sequence[Message], thinking: bool | None) -> str:
        extra: dict[str, Any] = {}
        if self._knows_thinking and thinking is not None:
            extra["enable_thinking"] = thinking
        plain: Any = [{"role": m.role, "content": m.content} for m in messages]
        return str(self._formatter(messages=plain, **extra).prompt)

    def _probe_system(self) -> bool:
        try:
            return _PROBE in self._render((Message("system", _PROBE), Message("user", "a")), None)
        except (jinja2.TemplateError, ValueError):
            return False


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """System messages put in front of the first user message, for templates that have no system role."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    rest = [m for m in messages if m.role != "system"]
    if not system:
        return rest
    for index, message in enumerate(rest):
        if message.role == "user":
            rest[index] = Message("user", f"{system}\n\n{message.content}")
            return rest
    return [Message("user", system), *rest]


def merge_roles(messages: Sequence[Message]) -> list[Message]:
    """Neighbours of one role joined by a blank line, for templates that demand taking turns."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role == message.role:
            merged[-1] = Message(message.role, f"{merged[-1].content}\n\n{message.content}")
        else:
            merged.append(message)
    return merged
