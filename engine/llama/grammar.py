"""A grammar that the answer is held to, in llama.cpp's GBNF.

It stands apart from the sampler chain: it waits while the model thinks, and llama.cpp ends the whole process
when a token is accepted that the grammar does not allow, so none ever is.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
from llama_cpp.llama_grammar import json_schema_to_gbnf
from numpy.typing import NDArray

from engine.contract import BadConstraint, GenerationFailed, Request
from engine.llama.library import llama
from engine.llama.model import LlamaModel

#: Characters of a foreign complaint that are passed on: some quote the whole schema.
_QUOTED = 200

#: llama.cpp's ``llama_token_data``.
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Grammar:
    """What may follow, token by token. Raises `BadConstraint` for one that cannot be read."""

    def __init__(self, gbnf: str, model: LlamaModel) -> None:
        handle = None
        if gbnf.strip() and "\0" not in gbnf:  # llama.cpp takes nothing at all for "no grammar"
            handle = llama.llama_sampler_init_grammar(model.vocab, gbnf.encode("utf-8", "replace"), b"root")
        if not handle:
            raise BadConstraint(
                "the grammar cannot be read: it has to be GBNF with a rule called root, such as "
                'root ::= "yes" | "no"'
            )
        self._handle: Any = handle
        self._candidates = np.zeros(model.vocab_size, _CANDIDATE)

    def choose(self, chain: Any, context: Any, row: int) -> int:
        """The next token that ``chain`` draws from the logits of ``row``, of those that are allowed.

        Raises `GenerationFailed` when none is.
        """
        logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, row), (len(self._candidates),))
        # To try every token takes as long as to compute them; most of what is drawn freely is allowed.
        token = self._draw(chain, logits, held=False)
        if not self._allows(token):
            token = self._draw(chain, logits, held=True)
        llama.llama_sampler_accept(self._handle, token)
        llama.llama_sampler_accept(chain, token)
        return token

    def _draw(self, chain: Any, logits: NDArray[np.float32], held: bool) -> int:
        self._candidates["id"] = np.arange(len(logits), dtype=np.int32)
        self._candidates["logit"] = logits
        data = self._candidates.ctypes.data_as(ctypes.POINTER(llama.llama_token_data))
        array = llama.llama_token_data_array(data, len(logits), -1, False)
        if held:
            llama.llama_sampler_apply(self._handle, ctypes.byref(array))
            if not np.isfinite(self._candidates["logit"]).any():
                raise GenerationFailed(
                    "the grammar or schema allows nothing that this model can write next: loosen it"
                )
        llama.llama_sampler_apply(chain, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _allows(self, token: int) -> bool:
        one = llama.llama_token_data(token, 1.0, 0.0)
        array = llama.llama_token_data_array(ctypes.pointer(one), 1, -1, False)
        llama.llama_sampler_apply(self._handle, ctypes.byref(array))
        return math.isfinite(one.logit)

    def free(self) -> None:
        """Give it back."""
        llama.llama_sampler_free(self._handle)


def gbnf_of(request: Request) -> str | None:
    """The grammar that the answer must follow, or None. Raises `BadConstraint`."""
    if request.grammar is not None and request.json_schema is not None:
        raise BadConstraint("a grammar and a JSON schema at once: give one of them")
    if request.json_schema is None:
        return request.grammar
    try:
        return str(json_schema_to_gbnf(request.json_schema))
    except Exception as error:  # whatever a foreign schema makes the converter stumble over
        why = f"{type(error).__name__}: {error}"[:_QUOTED]
        raise BadConstraint(
            f"the JSON schema cannot be used ({why}): correct it, or leave out what is not supported"
        ) from error
