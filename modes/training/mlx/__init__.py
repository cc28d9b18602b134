"""Learning a mode with MLX, on an MLX directory or a GGUF as the MLX engine reads it: packed stays packed.

Needs the extra ``mlx``, and no torch. LoRA layers and gradient checkpoints are mlx-lm's, the optimiser MLX's;
the loop is `modes.training.loop`, because mlx-lm's ``train`` cannot be gone on with, does not keep the best,
and cannot be stopped by whoever it reports to.
"""
