"""The conversations on disk. The rest of the house may use `Store`, its errors, and what is beside it here.

`tui.core.store.copying` brings a backup back where there is no store yet.
"""

from tui.core.store.errors import (
    ConversationDeleted,
    NoSuchConversation,
    StoreError,
    StoreFull,
    StoreUnusable,
)
from tui.core.store.presence import in_use
from tui.core.store.store import Store

__all__ = [
    "ConversationDeleted",
    "NoSuchConversation",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreUnusable",
    "in_use",
]
