"""Everything one running program holds: configuration, modes, store, and the engine on its way.

Made once by the command line and handed to whoever shows it; closing it closes all of it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.coefficients import Wardrobe
from tui.core.models import EngineLoader, open_engine
from tui.core.paths import subspace_dir
from tui.core.store import Store
from tui.core.turn import Turns

if TYPE_CHECKING:
    from modes.catalog import Catalog
    from tui.core.config import Config


@dataclass(slots=True)
class Session:
    """``notices`` are what the operator should be told at the start, whole sentences."""

    config: Config
    catalog: Catalog
    store: Store
    loader: EngineLoader
    wardrobe: Wardrobe | None = None
    notices: list[str] = field(default_factory=list)
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
        return cls(config, catalog, store, loader, Wardrobe(subspace_dir(data)), notices)

    def turns(self) -> Turns:
        """Turns on the loaded engine; waits for it. Raises what loading raised."""
        engine = self.loader.wait()
        with self._making:
            if self._turns is None:
                self._turns = Turns(engine, self.store, self.wardrobe)
            return self._turns

    def close(self) -> None:
        """Stop loading or close the engine, then close the store."""
        self.loader.close()
        self.store.close()
