"""Everything that a chat or a question needs, opened, and closed at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui.cli.options import Flags, configured, given

if TYPE_CHECKING:
    from tui.core.session import Session


@contextmanager
def open_session(flags: Flags, keep: bool = True, load: bool = True) -> Iterator[Session]:
    """Configuration, modes, store, and the model, which begins to load.

    Without ``keep`` nothing is written to disk; without ``load`` whoever shows it starts the loading.
    """
    from modes.catalog import Catalog
    from tui.core.engines import check_chosen
    from tui.core.paths import config_dir, conversations_file, data_dir, ensure_private_dir
    from tui.core.session import Session
    from tui.core.settings_file import SettingsFile
    from tui.core.store import Store

    config = configured(flags)
    catalog = Catalog.load(config_dir() / "modes")
    catalog.voice(config.mode)
    check_chosen(config)
    data = ensure_private_dir(data_dir())
    store = Store.open(conversations_file() if keep else None)
    session = Session.begin(config, catalog, store, data, load)
    session.keep = keep
    session.settings_file = SettingsFile(config_dir() / "config.toml", dict(os.environ), given(flags))
    try:
        yield session
    finally:
        session.close()
