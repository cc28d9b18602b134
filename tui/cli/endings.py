"""How the program may end: exit codes, and errors in words."""

from __future__ import annotations

import errno
import os

FAILED, USAGE, NO_MODEL, NO_STORE, REFUSED, INTERRUPTED = 1, 2, 3, 4, 5, 130


class Failure(Exception):
    """Ends the program: what to say on stderr, and the exit code."""

    def __init__(self, text: str, code: int) -> None:
        self.code = code
        super().__init__(text)


def in_words(error: Exception) -> tuple[str, int]:
    """What to say of an error that ends the program, and the exit code."""
    from engine.contract import BadConstraint, EngineError, LoadCancelled, ModelUnusable
    from engine.plan.shape import Unplannable
    from memory.contract import BadMemory, EmbedderUnavailable, MemoryUnavailable
    from modes.blend import VoiceError
    from modes.evaluation.domains import UnknownDomain
    from modes.evaluation.domains.making import DomainError
    from modes.evaluation.jsonl import BadTestSet
    from modes.share.change import BadAdapter
    from modes.share.library import LibraryError
    from modes.training.data import BadData
    from modes.training.endings import CannotTrain, Interrupted
    from tui.core.config import ConfigError
    from tui.core.evaluation import endings as evaluation
    from tui.core.paths import PathUnusable
    from tui.core.resuming import Busy
    from tui.core.store import NoSuchConversation, StoreError
    from tui.headless.refusal import BadSize, NotWritten, Refused

    codes: list[tuple[type[Exception], int]] = [
        (ConfigError, USAGE),
        (VoiceError, USAGE),
        (BadAdapter, FAILED),
        (LibraryError, FAILED),
        (UnknownDomain, USAGE),
        (DomainError, USAGE),
        (BadTestSet, USAGE),
        (evaluation.NothingToAsk, USAGE),
        (evaluation.BadReport, USAGE),
        (evaluation.BadTarget, USAGE),
        (evaluation.Interrupted, INTERRUPTED),
        (BadData, USAGE),
        (CannotTrain, FAILED),
        (Interrupted, INTERRUPTED),
        (BadConstraint, USAGE),
        (NoSuchConversation, USAGE),
        (LoadCancelled, INTERRUPTED),
        (ModelUnusable, NO_MODEL),
        (Unplannable, NO_MODEL),
        (PathUnusable, NO_STORE),
        (Busy, FAILED),
        (Refused, REFUSED),
        (BadSize, USAGE),
        (NotWritten, FAILED),
        (BadMemory, USAGE),
        (EmbedderUnavailable, FAILED),
        (MemoryUnavailable, NO_STORE),
        (StoreError, NO_STORE),
        (EngineError, FAILED),
    ]
    for kind, code in codes:
        if isinstance(error, kind):
            return str(error), code
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{os.strerror(error.errno).lower()}: make room, and run it again", FAILED
    unexpected = f"unexpected {type(error).__name__}: {error} (run it again with --debug to see where)"
    return unexpected, FAILED
