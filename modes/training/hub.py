"""How a base spells that comes with a Hugging Face tokenizer.

It must not know torch or transformers: the tokenizer is handed to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.contract import Message
from engine.turns import CHATML


class HubWording:
    """`modes.training.encoding.Wording` of a tokenizer of transformers."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._template = tokenizer.chat_template or CHATML
        self.bos, self.eos = str(tokenizer.bos_token or ""), str(tokenizer.eos_token or "")
        self.first = [one for one in tokenizer("").input_ids[:1] if one == tokenizer.bos_token_id]

    def rendered(self, turns: Sequence[Message], asking: bool) -> str:
        """See `Wording`; without thinking."""
        made = self._tokenizer.apply_chat_template(
            [{"role": one.role, "content": one.content} for one in turns],
            chat_template=self._template,
            tokenize=False,
            add_generation_prompt=asking,
            enable_thinking=False,
        )
        return str(made)

    def tokens(self, text: str) -> list[int]:
        """See `Wording`."""
        return list(self._tokenizer(text, add_special_tokens=False).input_ids)
