"""Where a program's settings came from, so that they can be read again when config.toml was changed.

This module must not know what any setting leads to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tui.core.config import LIVE, NAMES, Config, ConfigError

Stamp = tuple[int, int] | None


@dataclass(slots=True)
class SettingsFile:
    """``file`` with the variables and flags that go over it, as they were at the start."""

    file: Path
    environ: Mapping[str, str]
    flags: Mapping[str, object]
    _stamp: Stamp = field(init=False)

    def __post_init__(self) -> None:
        self._stamp = self._look()

    def changed(self, config: Config) -> tuple[Config, str] | None:
        """What ``config`` is now, and a sentence about it; None while the file is as it was last seen.

        A file that cannot be used leaves ``config`` as it is. Settings that need a new start are named.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            new = Config.load(self.file, self.environ).with_flags(**self.flags)
        except ConfigError as error:
            return config, f"{error}; the settings stay as they were until this is corrected"
        differing = [name for name in NAMES if getattr(new, name) != getattr(config, name)]
        now = [name for name in differing if name in LIVE]
        later = [name for name in differing if name not in LIVE]
        said = [f"{', '.join(now)} changed"] * bool(now)
        said += [f"{', '.join(later)} will change at the next start"] * bool(later)
        kept = replace(config, **{name: getattr(new, name) for name in now})
        return kept, f"{self.file} was changed: {'; '.join(said) or 'no setting differs'}"

    def _look(self) -> Stamp:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
