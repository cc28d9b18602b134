"""The local memory store: one SQLite file that holds texts, words, vectors and what use here has heated.

`memory.sqlite.store.MemoryStore` is what the rest of the house uses; it is a `memory.contract.Source`.
"""
