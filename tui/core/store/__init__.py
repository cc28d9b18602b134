"""The conversations on disk. `Store` and its errors are all that the rest of the house may use of this."""

from tui.core.store.copying import CopyError, restore
from tui.core.store.errors import (
    ConversationDeleted,
    NoSuchConversation,
    StoreError,
    StoreFull,
    StoreUnusable,
)
from tui.core.store.finding import SHORT_ID
from tui.core.store.presence import in_use
from tui.core.store.store import Store

__all__ = [
    "SHORT_ID",
    "ConversationDeleted",
    "CopyError",
    "NoSuchConversation",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreUnusable",
    "in_use",
    "restore",
]
