"""What one answer is held to, beyond its mode. The values only: what they mean is the engine's business."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Constraints:
    """As in `engine.contract.Request`; ``thinking_budget`` None is the mode's own."""

    grammar: str | None = None
    json_schema: str | None = None
    logit_bias: tuple[tuple[int | str, float], ...] = ()
    thinking_budget: int | None = None

    def given(self) -> dict[str, Any]:
        """Those that are set, by name; a request takes them as they are."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


#: Held to nothing beyond its mode.
UNCONSTRAINED = Constraints()
