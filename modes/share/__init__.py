"""Share: one low-rank subspace for all modes, built from adapters, grown, compacted, kept and exchanged.

NumPy only. After "Shared LoRA Subspaces for almost Strict Continual Learning" (arXiv 2602.06043) in the joint
form of "Compress then Serve" (arXiv 2407.00066); docs/share.md says where this differs and why.
"""
