"""Learning a mode: its coefficients alone, in the shared subspace, or new directions beside them.

Needs the extra ``train`` (torch, transformers). The base is the GGUF that will run, dequantised.
"""
