"""Messages for templates with whims, and the template for models that have none: pure text.

What a template refuses is folded into what it takes, and never dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import Message

#: Used when a file has no template, or one that cannot be read.
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


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
