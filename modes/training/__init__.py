"""Learning a mode: its coefficients alone, in the shared subspace, or new directions beside them.

With torch (the extra ``train``) on the GGUF that will run, dequantised; `modes.training.mlx` has it with MLX.
"""
