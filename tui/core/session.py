"""Everything one running program holds: configuration, modes, store, and the engine on its way.

Made once by the command line and handed to whoever shows it; closing it closes all of it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.engines import open_engine
from tui.core.history import History
from tui.core.models import EngineLoader

if TYPE_CHECKING:
    from modes.catalog import Catalog
    from modes.voice import Voice
    from tui.core.coefficients import Wardrobe
    from tui.core.config import Config
    from tui.core.means import Means
    from tui.core.memories import Memories
    from tui.core.settings_file import SettingsFile
    from tui.core.standing import Standing
    from tui.core.store import Store
    from tui.core.turn import Turns


@dataclass(slots=True)
class Session:
    """``notices`` are what the operator is still to be told, whole sentences; whoever tells them clears it.

    ``data`` is the folder in which coefficients are looked for, ``history`` what was sent from the prompt.
    Without ``settings_file`` no change of settings is seen. ``keep`` False: of what is asked nothing is to be
    left on the disk.
    """

    config: Config
    catalog: Catalog
    store: Store
    loader: EngineLoader
    data: Path | None = None
    notices: list[str] = field(default_factory=list)
    history: History = field(default_factory=lambda: History(None))
    settings_file: SettingsFile | None = None
    keep: bool = True
    _asked: set[str] = field(default_factory=set)
    _wardrobe: Wardrobe | None = None
    _memories: Memories | None = None
    _turns: Turns | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def begin(cls, config: Config, catalog: Catalog, store: Store, data: Path, load: bool = True) -> Session:
        """Start loading the engine; returns at once. Without ``load``, whoever shows it starts ``loader``."""
        memo = data / "models.json"
        loader = EngineLoader(lambda progress: open_engine(config, memo, progress, loader.tuning))
        if load:
            loader.start()
        notices = [problem.text for problem in catalog.problems]
        if store.notice:
            notices.append(store.notice)
        history = History(data / "history.jsonl")
        history.keep(config.history)
        return cls(config, catalog, store, loader, data, notices, history)

    def refresh_modes(self) -> None:
        """Read mode files again if any was changed; what is wrong with one is told once, in `notices`."""
        self.notices += [problem.text for problem in self.catalog.refresh()]

    def refresh(self) -> bool:
        """Read again what of modes and settings was changed on disk; True when settings changed.

        What is wrong with it is told once, in `notices`, and what held before holds on.
        """
        self.refresh_modes()
        found = self.settings_file.changed(self.config) if self.settings_file else None
        if found is None:
            return False
        before, (self.config, said) = self.config, found
        self.notices.append(said)
        self.history.keep(self.config.history)
        return self.config != before

    def asked_for(self, voice: Voice) -> None:
        """The operator has named ``voice``: coefficients that nobody has checked may come with it."""
        self._asked.update(name for name, _ in voice.scales)

    def wardrobe(self) -> Wardrobe | None:
        """The coefficients that turns speak with; None without a folder to look for them in."""
        from tui.core.coefficients import Wardrobe  # all that makes a turn comes after the first frame
        from tui.core.paths import subspace_dir

        with self._making:
            if self._wardrobe is None and self.data is not None:
                self._wardrobe = Wardrobe(subspace_dir(self.data), asked=self._asked)
            return self._wardrobe

    def memories(self) -> Memories | None:
        """What turns recall from, opened with the first that does; None without a folder to look in."""
        from tui.core.memories import Memories
        from tui.core.paths import memories_file

        def opening() -> Means | None:
            if self.data is None or self.config.memory == "off":
                return None
            if self.config.memory == "local" and not memories_file(self.data).exists():
                return None
            from tui.core.means import means_of  # NumPy and a second SQLite file come with it

            return means_of(self.config, self.data)

        with self._making:
            if self._memories is None and self.data is not None:
                self._memories = Memories(opening, keep=self.keep)
            return self._memories

    def standing(self) -> Standing | None:
        """How memory stands as far as it is known, at once; None as long as there is nothing to say."""
        return None if self._memories is None else self._memories.standing()

    def turns(self) -> Turns:
        """Turns on the loaded engine; waits for it. Raises what loading raised."""
        from tui.core.turn import Turns

        engine, wardrobe, memories = self.loader.wait(), self.wardrobe(), self.memories()
        with self._making:
            if self._turns is None:
                self._turns = Turns(engine, self.store, wardrobe, memories)
            return self._turns

    def close(self) -> None:
        """Stop loading or close the engine, then close the stores."""
        self.loader.close()
        if self._memories is not None:
            self._memories.close()
        self.store.close()
