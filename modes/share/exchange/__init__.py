"""Adapters of other programs: read as changes of the base's weights, and written for them."""
