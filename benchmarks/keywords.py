"""How often words alone find what answers, by how many memories there are: ``python -m benchmarks.keywords``.

Stores without embeddings, of some of Debian's package descriptions; asked are synopses of descriptions that
are there, of others that are not, and questions that have nothing to do with packages.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from contextlib import closing

from benchmarks.packages import Pair, pairs
from benchmarks.report import say
from benchmarks.strangers import QUESTIONS
from memory.recall.recall import Recall
from memory.recalled import Policy
from memory.record import Memory
from memory.sqlite.store import MemoryStore

#: Memories in a store, and how many such stores are asked.
SIZES = {2: 400, 5: 400, 20: 300, 100: 150, 1_000: 60, 4_000: 30}
#: Questions of each kind that a store is asked.
ASKED = 3


def main(seed: int = 1) -> None:
    """Print for every size how often something is shown: the answer, where there is one."""
    rng, every = random.Random(seed), pairs()
    say("memories  the answer is shown  something else  without an answer  strangers")
    for size, count in SIZES.items():
        totals = [0, 0, 0, 0]
        for _store in range(count):
            drawn = rng.sample(every, size + ASKED)
            found = asked(drawn[:-ASKED], drawn[-ASKED:], rng)
            totals = [sum(pair) for pair in zip(totals, found, strict=True)]
        of = [count * min(size, ASKED), count * min(size, ASKED), count * ASKED, count * ASKED]
        parts = (f"{total / whole:.1%}" for total, whole in zip(totals, of, strict=True))
        say(f"{size:>8,}  {'  '.join(f'{part:>8}' for part in parts)}")


def asked(there: Sequence[Pair], away: Sequence[Pair], rng: random.Random) -> list[int]:
    """How often the answer was among what was shown, only something else was; then something for nothing."""
    known = rng.sample(there, min(len(there), ASKED))
    strange = rng.sample(QUESTIONS, ASKED)
    with closing(MemoryStore.open(None)) as store:
        store.take_in(Memory(one.package, one.description, 50.0, 0.0, 0.0) for one in there)
        recall = Recall(store, None)
        shown = [_shown(recall, one.synopsis) for one in known]
        right = sum(one.package in names for one, names in zip(known, shown, strict=True))
        wrong = sum(map(bool, shown)) - right
        return [right, wrong, _some(recall, (one.synopsis for one in away)), _some(recall, strange)]


def _shown(recall: Recall, question: str) -> set[str]:
    return {one.id for one in recall.recall(question, Policy()).shown}


def _some(recall: Recall, questions: Iterable[str]) -> int:
    return sum(bool(_shown(recall, one)) for one in questions)


if __name__ == "__main__":
    main()
