"""Files to memories: JSONL, Markdown and plain text, a file or a folder of them.

`memory.importing.run.import_path` is what the rest of the house uses.
"""
