"""The evidence in docs/results.md: cells that are made and scored one by one, each a JSON file.

``python -m evidence`` fills what is missing and writes the page anew; interrupted, it goes on where it was.
A developer's tool: it is not part of the program.
"""
