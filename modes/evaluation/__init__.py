"""How well a mode knows its domain, and what learning it has cost the others.

Domains give items, scoring asks an engine, statistics say what the answers allow to be said.
"""
