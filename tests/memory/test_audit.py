"""Whether there is enough to learn from, by a rule that is told with the numbers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from memory.audit import GOOD, THIN, Audit, Part, as_json, audit
from memory.jobs import Job
from memory.record import Memory

NOW = 1_000_000_000.0
WORDS = [f"w{number}" for number in range(9999)]
TAGS = {"legal": "cfr", "coding": "code", "cherokee": "tsalagi"}


def memories(domain: str, count: int, start: int = 0, words: int = 60, **more: object) -> Iterator[Memory]:
    draw = random.Random(f"{domain}{start}")
    for number in range(start, start + count):
        text = f"Rule {number}. It " + " ".join(draw.choices(WORDS, k=words))
        given: dict[str, object] = {"origin": "federation", "tags": (TAGS[domain],), **more}
        yield Memory(f"{domain}{number}", text, 80.0, NOW, NOW, **given)  # type: ignore[arg-type]


def audited(*rows: Iterator[Memory], jobs: list[Job] | None = None) -> Audit:
    return audit((one for each in rows for one in each), NOW, jobs, clean=str)


def by_name(found: Audit) -> dict[str, Part]:
    return {one.name: one for one in found.parts}


def test_a_domain_is_good_thin_or_missing_by_what_can_be_learned_from_it() -> None:
    found = audited(
        memories("legal", GOOD), memories("cherokee", GOOD - 1), memories("coding", THIN - 1), jobs=[]
    )
    parts = by_name(found)
    assert [parts[name].rating for name in TAGS] == ["good", "missing", "thin"]
    assert parts["legal"].tokens > 50_000
    assert [found.rows, found.other, found.enough] == [2 * GOOD + THIN - 2, 0, False]
    assert (
        found.sentence == "legal good (1,000 conversations), coding missing (99 conversations), "
        "cherokee thin (999 conversations)"
    )


def test_many_conversations_of_few_words_are_thin() -> None:
    assert by_name(audited(memories("legal", GOOD, words=8)))["legal"].rating == "thin"


def test_duplicates_near_ones_sacred_and_stale_rows_are_counted_and_not_learned_from() -> None:
    plain = list(memories("legal", 10))
    near = [
        Memory(f"n{one.id}", f"{one.content} again", 80.0, NOW, NOW, origin="federation", tags=("va",))
        for one in plain[:4]
    ]
    part = by_name(
        audited(
            iter(plain),
            iter(near),
            memories("legal", 5),
            memories("legal", 3, 100, sacred=True),
            memories("legal", 2, 200, temporal_state="retracted"),
        )
    )["legal"]
    assert [part.rows, part.distinct, part.near, part.conversations] == [24, 19, 4, 10]
    assert [part.sacred, part.left_out] == [3, {"retracted": 2, "sacred": 3, "twice": 5}]


def test_work_from_the_queue_counts_for_coding() -> None:
    jobs = [
        Job(str(n), f"Task {n}", result=f"def f{n}(): return {n} " * 9, status="completed")
        for n in range(150)
    ]
    jobs.append(Job("x", "Nothing done", status="completed"))
    found = audited(memories("coding", 20), jobs=jobs)
    part = by_name(found)["coding"]
    assert [part.rows, part.conversations, part.rating, found.jobs] == [171, 170, "thin", 151]
    assert part.left_out == {"no proof of work": 1}


def test_what_was_not_looked_at_is_no_verdict() -> None:
    good = [memories("legal", GOOD), memories("cherokee", GOOD)]
    unread = audited(*good)
    assert [unread.enough, "the queue for coding was not read" in unread.sentence] == [None, True]
    assert audited(memories("legal", 5)).enough is False, "the rest cannot make up for it"
    assert (
        audited(memories("legal", GOOD), memories("cherokee", GOOD), memories("coding", GOOD)).enough is True
    )
    nothing = audited()
    assert [nothing.enough, nothing.sentence] == [None, "there are no memories to audit"]


def test_everything_is_told_as_json_with_its_rule() -> None:
    other = Memory("o", "Of nothing in particular.", 80.0, NOW, NOW)
    found = as_json(audited(memories("legal", 3), iter([other])))
    assert json.loads(json.dumps(found)) == found
    assert [found["rows"], found["other"], found["jobs"], found["enough"]] == [4, 1, None, False]
    assert found["rule"].startswith("good: 1,000 conversations")
    assert "4 bytes" in found["counting"]
    assert found["domains"]["legal"]["above"] == {"tags": 3}
    assert found["domains"]["coding"]["complete"] is False
