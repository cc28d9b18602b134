"""What is typed, read in the encoding of the terminal: a byte that is no letter there is no reason to end.

This module must not know keys: it says how bytes become characters.
"""

from __future__ import annotations

import codecs
import sys
from functools import partial

# Not public, but Textual is pinned exactly. It reads UTF-8 alone, and ends the program at any other byte.
from textual.drivers import linux_driver


def read_leniently() -> None:
    """Every terminal that is opened from now on is read so."""
    encoding = sys.__stdin__.encoding if sys.__stdin__ else "utf-8"
    decoder = partial(codecs.getincrementaldecoder(encoding), errors="replace")
    vars(linux_driver)["getincrementaldecoder"] = lambda _name: decoder
