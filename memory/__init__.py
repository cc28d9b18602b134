"""Thermal memories: texts with a temperature, kept, recalled and shown to a model.

It imports nothing else of ours.
"""
