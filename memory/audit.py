"""Is there enough to learn from? What the memories hold of each domain, counted and judged.

It must not know where memories are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from memory.domains import DOMAINS
from memory.extract import REASONS, Clean, Extraction, Lesson, cleaned
from memory.jobs import JOB_REASONS, Job, JobExtraction, Read
from memory.record import Memory, content_hash

#: Conversations that are not nearly the same, and tokens in them, from which a domain is good: a thousand
#: are what LIMA (Zhou et al., 2023) tuned with; our own modes were learned from 384 to 1,980.
GOOD, GOOD_TOKENS = 1000, 50_000
#: Conversations from which it is thin. With fewer the tenth kept for validation is under ten questions.
THIN = 100
#: Bytes of UTF-8 that are counted as a token.
TOKEN = 4
RULE = (
    f"good: {GOOD:,} conversations to learn from and {GOOD_TOKENS:,} tokens in them; thin: {THIN:,} "
    "conversations; missing: fewer"
)
COUNTING = (
    f"a token is taken to be {TOKEN} bytes of UTF-8; conversations that are nearly the same (0.8 of their "
    "runs of three words) count once"
)

#: The domain that is learned from a queue of work too.
FROM_QUEUE = "coding"

Rating = Literal["good", "thin", "missing"]


@dataclass(frozen=True, slots=True)
class Part:
    """A domain. ``rows`` belong to it, with ``distinct`` texts, ``near`` of them nearly as an earlier one.

    ``conversations`` could be learned from, those nearly the same once, with ``tokens`` in them. ``above``
    and ``below`` are rows by rule, at the temperature ``threshold``. ``complete``: all sources were read.
    """

    name: str
    threshold: float
    rows: int
    distinct: int
    near: int
    conversations: int
    tokens: int
    above: Mapping[str, int]
    below: Mapping[str, int]
    sacred: int
    left_out: Mapping[str, int]
    complete: bool = True

    @property
    def rating(self) -> Rating:
        """By `RULE`."""
        if self.conversations >= GOOD and self.tokens >= GOOD_TOKENS:
            return "good"
        return "thin" if self.conversations >= THIN else "missing"


@dataclass(frozen=True, slots=True)
class Audit:
    """``rows`` were looked at, ``other`` of them in no domain; ``jobs`` None: no queue was read."""

    rows: int
    other: int
    jobs: int | None
    parts: tuple[Part, ...]

    @property
    def enough(self) -> bool | None:
        """Whether every domain is good; None where nothing, or not everything, was there to look at."""
        poor = [one for one in self.parts if one.rating != "good"]
        if not self.rows and not self.jobs:
            return None
        if any(one.complete for one in poor):
            return False
        return None if poor else True

    @property
    def sentence(self) -> str:
        """The ratings in words."""
        if not self.rows and not self.jobs:
            return "there are no memories to audit"
        said = [f"{one.name} {one.rating} ({one.conversations:,} conversations)" for one in self.parts]
        unread = [one.name for one in self.parts if not one.complete]
        return ", ".join(said) + (f"; the queue for {', '.join(unread)} was not read" if unread else "")


@dataclass(slots=True)
class _Texts:
    """The distinct texts of a domain by hash, and which of them can be learned from."""

    texts: dict[str, str] = field(default_factory=dict)
    learned: dict[str, int] = field(default_factory=dict)

    def add(self, hashed: str, text: str, tokens: int | None) -> None:
        self.texts.setdefault(hashed, text)
        if tokens is not None:
            self.learned.setdefault(hashed, tokens)

    def counted(self) -> tuple[int, int, int]:
        """``(near, conversations, tokens)``."""
        from memory.likeness import groups, signatures

        first = groups(signatures(self.texts.values()))
        near = sum(int(one) != at for at, one in enumerate(first))
        once: dict[int, int] = {}
        for hashed, group in zip(self.texts, first, strict=True):
            if hashed in self.learned:
                once.setdefault(int(group), self.learned[hashed])
        return near, len(once), sum(once.values())


def audit(
    memories: Iterable[Memory],
    now: float,
    jobs: Iterable[Job] | None = None,
    read: Read = lambda _name: None,
    clean: Clean = cleaned,
) -> Audit:
    """Count and judge every domain in one pass at the time ``now``.

    ``jobs`` is the queue that coding is learned from, None where it cannot be read.
    """
    passes = {name: Extraction(domain, now, clean=clean) for name, domain in DOMAINS.items()}
    texts = {name: _Texts() for name in DOMAINS}
    rows = other = 0
    for memory in memories:
        rows += 1
        belongs = [_counted(one, memory, texts[name]) for name, one in passes.items()]
        other += not any(belongs)
    work = JobExtraction(read, clean)
    for done in work.done(jobs or ()):
        text = f"{done.question}\n{done.answer}"
        texts[FROM_QUEUE].add(content_hash(text), text, tokens_in(text))
    parts = []
    for name, one in passes.items():
        part = _part(one, texts[name])
        parts.append(_with_work(part, work, jobs is not None) if name == FROM_QUEUE else part)
    return Audit(rows, other, None if jobs is None else work.tally.seen, tuple(parts))


def tokens_in(text: str) -> int:
    """As `COUNTING` has it."""
    return -(-len(text.encode("utf-8", "replace")) // TOKEN)


def as_json(found: Audit) -> dict[str, Any]:
    """All of it, with the rule it was judged by."""
    return {
        "rows": found.rows,
        "other": found.other,
        "jobs": found.jobs,
        "enough": found.enough,
        "sentence": found.sentence,
        "rule": RULE,
        "counting": COUNTING,
        "domains": {
            one.name: {
                "rating": one.rating,
                **{key: value for key, value in asdict(one).items() if key != "name"},
            }
            for one in found.parts
        },
    }


def _counted(one: Extraction, memory: Memory, texts: _Texts) -> bool:
    """Whether ``memory`` belongs to the domain; then it is among ``texts``."""
    before = one.tally.matched
    lesson = one.lesson(memory)
    if one.tally.matched == before:
        return False
    texts.add(memory.hash or content_hash(memory.content), memory.content, _learned(lesson))
    return True


def _learned(lesson: Lesson | None) -> int | None:
    return tokens_in(f"{lesson.asked.question}\n{lesson.asked.answer}") if lesson else None


def _part(one: Extraction, texts: _Texts) -> Part:
    near, conversations, tokens = texts.counted()
    tally = one.tally
    return Part(
        name=one.domain.name,
        threshold=one.threshold,
        rows=tally.matched,
        distinct=len(texts.texts),
        near=near,
        conversations=conversations,
        tokens=tokens,
        above=dict(tally.above),
        below=dict(tally.below),
        sacred=tally.sacred,
        left_out={why: tally.left_out[why] for why in REASONS if tally.left_out[why]},
    )


def _with_work(part: Part, work: JobExtraction, complete: bool) -> Part:
    left_out = Counter(part.left_out) + work.tally.left_out
    return replace(
        part,
        rows=part.rows + work.tally.seen,
        left_out={why: left_out[why] for why in (*REASONS, *JOB_REASONS) if left_out[why]},
        complete=complete,
    )
