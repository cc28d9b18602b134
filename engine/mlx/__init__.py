"""The local engine on MLX, at home on Apple silicon: nothing else imports mlx."""
