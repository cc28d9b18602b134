"""Which modules of a base are trained. It must not know torch."""

from __future__ import annotations

from collections.abc import Iterable

from modes.training.endings import CannotTrain


def targeted(base: str, modules: Iterable[str], targets: Iterable[str]) -> list[str]:
    """Those of the ``modules``, by their names in a GGUF and in their order, that ``targets`` name.

    Raises `CannotTrain` with each target that names none, and the names that there are in ``base``.
    """
    kinds = {name: name.split(".")[2] for name in modules}
    wanted, known = dict.fromkeys(targets), sorted(set(kinds.values()))
    unknown = [one for one in wanted if one not in known]
    if unknown or not wanted:
        raise CannotTrain(
            f"{base} has no module called {' or '.join(unknown) or 'nothing'}: name others (--targets), of "
            f"{', '.join(known) or 'which there are none'}"
        )
    return [name for name, kind in kinds.items() if kind in wanted]
