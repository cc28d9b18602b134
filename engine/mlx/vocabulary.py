"""Words to tokens and back, for both kinds of model: that of a GGUF, and that of an MLX directory.

A GGUF is spelled by llama.cpp, so that both engines read the same tokens. It must not know what tokens mean.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from engine.llama.model import LlamaModel
from engine.text import THINK_CLOSE, THINK_OPEN

#: The bytes that become certain with a token. One for each answer: it remembers what came before.
Speller = Callable[[int], bytes]

_TAGS = (THINK_OPEN, THINK_CLOSE)
_BROKEN = "\ufffd"


class Vocabulary(Protocol):
    """``bos`` and ``eos`` are empty where there is none; ``template`` is Jinja for a chat, or None."""

    vocab_size: int
    bos: str
    eos: str
    template: str | None

    def tokenize(self, text: str, *, special: bool, parse: bool) -> list[int]:
        """Tokens of ``text``; ``special`` adds the vocabulary's BOS, ``parse`` reads control tokens."""

    def prompt_tokens(self, prompt: str) -> list[int]:
        """Tokens of a rendered chat prompt, with BOS once even where the template wrote it already."""

    def is_end(self, token: int) -> bool:
        """Whether the token ends an answer."""

    def speller(self) -> Speller:
        """For one answer. Control tokens are silent, thinking tags are not."""

    def close(self) -> None: ...


class GgufVocabulary:
    """Of the GGUF at ``path``, without its tensors. Raises `ModelUnusable`."""

    def __init__(self, path: Path) -> None:
        self._model = LlamaModel(path, 0, lambda _fraction: True, vocabulary_only=True)
        self.vocab_size = self._model.vocab_size
        self.bos, self.eos = self._model.bos, self._model.eos
        self.template = self._model.chat_template()
        self.tokenize, self.prompt_tokens = self._model.tokenize, self._model.prompt_tokens
        self.is_end, self.close = self._model.is_end, self._model.free
        self._tags = {self._model.single_token(tag) for tag in _TAGS} - {None}

    def speller(self) -> Speller:
        """See `Vocabulary`; the bytes of the vocabulary itself, so nothing is remembered."""
        return lambda token: self._model.piece(token, special=token in self._tags)


class HubVocabulary:
    """Of an MLX directory, through mlx-lm's ``tokenizer`` and its streaming detokenizer."""

    def __init__(self, tokenizer: Any, vocab_size: int) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.Lock()  # how special tokens are read is a state of the tokenizer
        self.vocab_size = vocab_size
        self.bos, self.eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
        template = tokenizer.chat_template
        self.template = template.get("default") if isinstance(template, dict) else template
        self._ends = frozenset(tokenizer.eos_token_ids)
        tags = {tokenizer.convert_tokens_to_ids(tag) for tag in _TAGS}
        self._silent = frozenset(tokenizer.all_special_ids) - tags

    def tokenize(self, text: str, *, special: bool, parse: bool) -> list[int]:
        """See `Vocabulary`."""
        how = {"add_special_tokens": special, "split_special_tokens": not parse}
        with self._lock:
            return list(self._tokenizer.encode(text, **how))

    def prompt_tokens(self, prompt: str) -> list[int]:
        """See `Vocabulary`."""
        has_bos = bool(self.bos) and prompt.startswith(self.bos)
        return self.tokenize(prompt, special=not has_bos, parse=True)

    def is_end(self, token: int) -> bool:
        """See `Vocabulary`."""
        return token in self._ends

    def speller(self) -> Speller:
        """See `Vocabulary`."""
        detokenizer = self._tokenizer.detokenizer

        def spell(token: int) -> bytes:
            if token in self._silent:
                return b""
            detokenizer.add_token(token)
            return str(detokenizer.last_segment).replace(_BROKEN, "").encode()

        return spell

    def close(self) -> None:
        """Nothing is held."""
