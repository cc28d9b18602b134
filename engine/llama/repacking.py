"""Which weights llama.cpp holds a second time: on a CPU it rearranges some kinds for its vector instructions.

The first copy stays mapped from the file. The rule is that of ggml's ``repack.cpp`` for x86 and ARM.
"""

from __future__ import annotations

from gguf import GGMLQuantizationType

from engine.header import Header, Tensor

_Q = GGMLQuantizationType
#: The kinds that are rearranged, with what the number of rows must divide by.
_AVX2 = {_Q.Q4_0: 8, _Q.Q4_K: 8, _Q.IQ4_NL: 8, _Q.MXFP4: 8}
_AVX512 = {_Q.Q2_K: 8}
_DOTPROD = {_Q.Q4_0: 4, _Q.Q4_K: 8, _Q.Q5_K: 8, _Q.Q6_K: 8, _Q.IQ4_NL: 4, _Q.MXFP4: 4, _Q.Q8_0: 4}
_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"


def rearranged_bytes(header: Header, features: str) -> int:
    """Bytes of these copies on a CPU with ``features``, as `engine.llama.library.system_info` states them."""
    if "REPACK = 1" not in features:
        return 0
    rows: dict[GGMLQuantizationType, int] = {}
    for feature, kinds in (("AVX2", _AVX2), ("AVX512", _AVX512), ("DOTPROD", _DOTPROD)):
        if f" {feature} = 1" in features:
            rows |= kinds
    tied = all(tensor.name != _OUTPUT for tensor in header.tensors)
    return sum(tensor.size for tensor in header.tensors if _rearranged(tensor, rows, tied))


def _rearranged(tensor: Tensor, rows: dict[GGMLQuantizationType, int], tied: bool) -> bool:
    """Matrices that are multiplied with: an embedding is only looked up, unless it is the output as well."""
    if tensor.kind not in rows or len(tensor.shape) != 2 or (tensor.name == _EMBEDDING and not tied):
        return False
    return tensor.shape[1] % rows[tensor.kind] == 0
