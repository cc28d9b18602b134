"""``tui modes push``: coefficients of the subspace to a server, to stay there."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from modes.share.library import LibraryError
from tui.core.coefficients import held
from tui.core.config import Config
from tui.core.engines import open_server
from tui.headless.coefficients import unknown
from tui.headless.report import write_line


def push_mode(name: str, config: Config, remembered: Path, folder: Path) -> None:
    """Bring the coefficients ``name`` to the server of ``config``, in whatever way it takes them.

    Raises `LibraryError`, `EngineError`.
    """
    shelved = held(folder).load()
    if name not in shelved.modes:
        raise LibraryError(unknown(name, shelved, folder))
    with closing(open_server(config, remembered, lambda _fraction: True)) as server:
        write_line(server.push(name, shelved.basis, shelved.modes[name]))
