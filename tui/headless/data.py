"""``tui data``: where the conversations are, backing them up, bringing them back, removing everything.

It asks nothing: whether something is to be removed is settled before.
"""

from __future__ import annotations

import shutil
import time
from contextlib import closing, suppress
from pathlib import Path

from tui.core.conversation import SHORT_ID
from tui.core.paths import PathUnusable, ensure_private_dir, our_data
from tui.core.store import NoSuchConversation, Store, StoreError, in_use
from tui.core.store.copying import restore
from tui.headless.report import write_line, write_rows


class InUse(StoreError):
    """Another program has the conversations open."""


def back_up(conversations: Path, file: Path) -> None:
    """Raises `StoreError`."""
    if not conversations.exists():
        raise StoreError(f"there are no conversations yet ({conversations}): nothing to back up")
    with closing(Store.open(conversations)) as store:
        if store.notice:  # an empty store in the place of a damaged one is not what was to be kept
            raise StoreError(f"{store.notice}: nothing was backed up")
        store.backup(file)
    write_line(str(file))


def bring_back(file: Path, conversations: Path) -> None:
    """Raises `StoreError`, `PathUnusable`."""
    ensure_private_dir(conversations.parent)
    with in_use(conversations) as used:
        if used:
            raise InUse(_used(conversations))
        restore(file, conversations)
    with closing(Store.open(conversations)) as store:
        count = len(store.list(limit=1_000_000))
    write_line(f"{count:,} conversations are back in {conversations}")


def undelete(conversations: Path, ref: str | None) -> None:
    """Bring one back, or list those that can be. Raises `StoreError`."""
    if not conversations.exists():
        raise NoSuchConversation("there are no conversations yet: nothing was deleted")
    with closing(Store.open(conversations)) as store:
        if ref is not None:
            found = store.undelete(ref)
            write_line(f"{found.id[:SHORT_ID]} is back: {found.title}")
        elif deleted := store.deleted():
            write_rows([(one.id[:SHORT_ID], _day(one.deleted_at), one.title) for one in deleted])
        else:
            write_line("nothing was deleted in the last 30 days")


def size(paths: list[Path]) -> int:
    """Bytes of the files, and of those in the folders."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.lstat().st_size for file in files if file.is_file())


def remove(folder: Path, conversations: Path) -> None:
    """Remove all data of ours, and the folder when nothing else is in it. Raises `InUse`, `PathUnusable`."""
    if not folder.is_dir():
        return
    with in_use(conversations) as used:
        if used:
            raise InUse(_used(conversations))
        for path in our_data(folder):
            try:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            except OSError as error:
                raise PathUnusable(
                    path, f"cannot be removed ({(error.strerror or str(error)).lower()})"
                ) from error
    with suppress(OSError):  # not empty: what is left is someone else's
        folder.rmdir()


def _used(conversations: Path) -> str:
    return f"another program has {conversations} open: close it and try again; nothing was changed"


def _day(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
