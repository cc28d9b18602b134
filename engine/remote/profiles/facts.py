"""What a server tells of itself, and what every profile of a server works with.

It must not know any kind of server.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.contract import AdapterRefused
from engine.remote.shelf import Export, Folder, Form, Shelf
from engine.remote.wire import Wire


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server tells of its model and itself; 0 and None where it does not.

    ``model`` is what it is asked for by, ``base`` its GGUF file if that lies on this machine.
    ``budgets``: it ends thinking that has used up its budget.
    """

    model: str
    kind: str
    context: int = 0
    trained_context: int = 0
    size: int = 0
    parameters: int = 0
    slots: int = 0
    thinks: bool = False
    budgets: bool = False
    base: Path | None = None
    prompt_only: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Means:
    """What every profile works with. ``folder`` is where adapters are put for servers that read files."""

    wire: Wire
    shelf: Shelf = field(default_factory=Shelf)
    folder: Path | None = None
    export: Export | None = None

    def folder_for(self, form: Form, mode: str, base: Path | None) -> Folder:
        """Where adapters for ``base`` are written. Raises `AdapterRefused` for want of it."""
        if self.folder is None or self.export is None or base is None:
            raise AdapterRefused(
                f"{mode} cannot be written for {self.wire.address.shown}: it is not known which base runs "
                "there (server_base names a GGUF file of the same base)"
            )
        return Folder(self.folder, form, self.export, base)


def with_reason(facts: Facts, reason: str) -> Facts:
    """``facts`` of a server on which modes are a prompt and a way of sampling, because of ``reason``."""
    return replace(facts, prompt_only=f"modes are a prompt and a way of sampling here: {reason}")
