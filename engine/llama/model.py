"""The model file, loaded: its vocabulary, its metadata, and every reason why it could not be loaded.

Knows the file and the tokens, not contexts or requests.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.contract import LoadCancelled, ModelUnusable, Progress
from engine.llama.library import amx_build, llama, recent_log

_MAGIC = b"GGUF"


class LlamaModel:
    """One GGUF in memory. ``handle`` and ``vocab`` are llama.cpp's pointers; `free` ends them.

    ``vocabulary_only`` leaves the tensors out: it can spell, and nothing else.
    """

    def __init__(
        self, path: Path, gpu_layers: int, on_progress: Progress, vocabulary_only: bool = False
    ) -> None:
        check_file(path)
        params = llama.llama_model_default_params()
        params.vocab_only = vocabulary_only
        params.n_gpu_layers = gpu_layers
        params.use_extra_bufts = not amx_build()
        params.progress_callback = llama.llama_progress_callback(
            lambda fraction, _data: on_progress(float(fraction))
        )
        recent_log(clear=True)
        cancelled = not on_progress(0.0)
        self.handle: Any = None if cancelled else llama.llama_model_load_from_file(str(path).encode(), params)
        if not self.handle:
            if cancelled or not on_progress(0.0):
                raise LoadCancelled(f"loading {path.name} was given up")
            raise ModelUnusable(explain_refusal(path, recent_log()))
        self.path = path
        self.vocab: Any = llama.llama_model_get_vocab(self.handle)
        self.vocab_size: int = llama.llama_vocab_n_tokens(self.vocab)
        self._piece = ctypes.create_string_buffer(512)

    def free(self) -> None:
        """Give the memory back. Every context and adapter of this model must be gone before."""
        if self.handle:
            llama.llama_model_free(self.handle)
            self.handle = None

    def metadata(self, key: str) -> str | None:
        """One metadata value as text, or None. Arrays are not given by llama.cpp."""
        size = llama.llama_model_meta_val_str(self.handle, key.encode(), None, 0)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        llama.llama_model_meta_val_str(self.handle, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")

    @property
    def architecture(self) -> str:
        return self.metadata("general.architecture") or "unknown"

    @property
    def name(self) -> str:
        """The file's name: titles inside the file are often those of a training run."""
        return self.path.stem

    @property
    def trained_context(self) -> int:
        return int(llama.llama_model_n_ctx_train(self.handle))

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return int(llama.llama_model_size(self.handle))

    @property
    def parameters(self) -> int:
        return int(llama.llama_model_n_params(self.handle))

    @property
    def layers(self) -> int:
        return int(llama.llama_model_n_layer(self.handle))

    def chat_template(self) -> str | None:
        """The file's own chat template (Jinja), or None."""
        raw = llama.llama_model_chat_template(self.handle, None)
        return raw.decode("utf-8", "replace") if raw else None

    def token_text(self, token: int) -> str:
        """How the vocabulary writes a token, special ones too; empty for none (-1)."""
        if token < 0:
            return ""
        return str(llama.llama_vocab_get_text(self.vocab, token).decode("utf-8", "replace"))

    @property
    def bos(self) -> str:
        return self.token_text(llama.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> str:
        return self.token_text(llama.llama_vocab_eos(self.vocab))

    def is_end(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(llama.llama_vocab_is_eog(self.vocab, token))

    def tokenize(self, text: str, *, special: bool, parse: bool) -> list[int]:
        """Tokens of ``text``; ``special`` adds the vocabulary's BOS, ``parse`` reads control tokens."""
        raw = text.encode("utf-8")
        buffer = (llama.llama_token * (len(raw) + 8))()
        count = llama.llama_tokenize(self.vocab, raw, len(raw), buffer, len(buffer), special, parse)
        if count < 0:  # some vocabularies spell a byte in several tokens
            buffer = (llama.llama_token * -count)()
            count = llama.llama_tokenize(self.vocab, raw, len(raw), buffer, len(buffer), special, parse)
        return list(buffer[:count])

    def prompt_tokens(self, prompt: str) -> list[int]:
        """Tokens of a rendered chat prompt, with BOS once even where the template wrote it already."""
        has_bos = bool(self.bos) and prompt.startswith(self.bos)
        return self.tokenize(prompt, special=not has_bos, parse=True)

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes a token stands for; control tokens are empty unless ``special``."""
        size = llama.llama_token_to_piece(self.vocab, token, self._piece, len(self._piece), 0, special)
        if size < 0:
            self._piece = ctypes.create_string_buffer(-size)
            return self.piece(token, special=special)
        return self._piece.raw[:size]

    def single_token(self, text: str) -> int | None:
        """The one token that ``text`` is, when it is just one."""
        tokens = self.tokenize(text, special=False, parse=True)
        return tokens[0] if len(tokens) == 1 else None


def check_file(path: Path) -> None:
    """Raise `ModelUnusable` for what can be told before llama.cpp opens the file."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        raise ModelUnusable(
            f"no model file at {path}: name a GGUF file with --model, MODESHARE_MODEL or config.toml"
        ) from None
    except OSError as error:
        raise ModelUnusable(f"{path} cannot be read ({error.strerror}): name a readable GGUF file") from None
    if magic != _MAGIC:
        raise ModelUnusable(
            f"{path} is not a GGUF file (it begins with {magic!r}): convert the model to GGUF, "
            "or download a GGUF version of it"
        )


def explain_refusal(path: Path, log: Sequence[str]) -> str:
    """Why llama.cpp would not load the file, from its own log."""
    said = " ".join(log)
    if "unknown model architecture" in said:
        architecture = said.split("unknown model architecture:", 1)[1].split("'")[1]
        return (
            f"{path} is a model of the architecture '{architecture}', which this llama.cpp does not know: "
            "use a chat model it supports, or update llama-cpp-python"
        )
    if "not within the file bounds" in said or "corrupted or incomplete" in said or "failed to read" in said:
        return f"{path} is damaged or incomplete (cut off in its tensors?): download it again"
    reason = next((line for line in reversed(log) if "error" in line.lower()), "it gave no reason")
    return f"{path} could not be loaded; llama.cpp said: {reason}"
