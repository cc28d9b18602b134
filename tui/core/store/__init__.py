"""The conversations on disk. `Store` and its errors are all that the rest of the house may use of this."""

from tui.core.store.errors import NoSuchConversation, StoreError, StoreFull, StoreUnusable
from tui.core.store.store import SHORT_ID, Store

__all__ = ["SHORT_ID", "NoSuchConversation", "Store", "StoreError", "StoreFull", "StoreUnusable"]
