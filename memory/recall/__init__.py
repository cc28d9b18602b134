"""Recall: from a question to the few memories that a model is shown. It must not know where they are kept."""
