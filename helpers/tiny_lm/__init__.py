"""A decoder small enough for one processor core: tokenizers, training, checkpoints."""
