"""Training data of memories: what is taken, what is left out, and why, all of it counted."""

from __future__ import annotations

import json
from pathlib import Path

from memory.domains import DOMAINS
from memory.extract import LONGEST, Extraction, line
from memory.record import Memory
from memory.temperature import DAY
from modes.training.data import read_chat

NOW = 1_000_000_000.0


def memory(id: str, content: str | None = None, heat: float = 80.0, **more: object) -> Memory:
    text = f"Rule {id} of the book. It says what has to be shown." if content is None else content
    given: dict[str, object] = {"origin": "federation", "tags": ("legal",), **more}
    return Memory(id, text, heat, NOW, NOW, **given)  # type: ignore[arg-type]


def extraction(domain: str = "legal", **how: object) -> Extraction:
    return Extraction(DOMAINS[domain], NOW, clean=str, **how)  # type: ignore[arg-type]


def test_every_memory_that_is_left_out_is_counted_by_its_first_reason() -> None:
    rows = [
        memory("1"),
        memory("2", tags=(), domain="cfr"),
        memory("3", tags=(), content="38 CFR 3.303 is on this. It names three things to show."),
        memory("4", heat=69.9),
        memory("5", heat=70.0),
        memory("6", temporal_state="retracted", sacred=True),
        memory("7", temporal_state="historical"),
        memory("8", superseded_by="1"),
        memory("9", sacred=True),
        memory("10", content=memory("1").content.upper()),
        memory("11", content="A single statement, of which no question can be made."),
        memory("12", content="Long. " + "Word " * LONGEST),
        memory("13", tags=("infra",)),
        memory("14", heat=float("nan")),
    ]
    one = extraction()
    lessons = list(one.lessons(rows))
    assert [lesson.memory.id for lesson in lessons] == ["1", "2", "3", "5"]
    assert [lesson.rule for lesson in lessons] == ["tags", "domain", "text", "tags"]
    tally = one.tally
    assert [tally.seen, tally.matched, tally.written, tally.sacred] == [14, 13, 4, 2]
    assert dict(tally.above) == {"tags": 9, "domain": 1, "text": 1}
    assert dict(tally.below) == {"tags": 2}
    assert dict(tally.left_out) == {
        "retracted": 1, "superseded": 2, "sacred": 1, "too cold": 2, "too long": 1, "twice": 1,
        "no question": 1,
    }  # fmt: skip
    assert tally.written + tally.left_out.total() == tally.matched


def test_of_a_text_and_its_parts_the_whole_is_taken_or_else_its_parts() -> None:
    whole, part = memory("1"), memory("2", parent="1", chunk=0)
    one = extraction()
    assert [lesson.memory.id for lesson in one.lessons([whole, part])] == ["1"]
    assert dict(one.tally.left_out) == {"its whole is taken": 1}
    long = memory("1", content="Long. " + "Word " * LONGEST)
    assert [lesson.memory.id for lesson in extraction().lessons([long, part])] == ["2"]


def test_sacred_memories_are_taken_only_when_they_are_asked_for() -> None:
    rows = [memory("1", sacred=True), memory("2")]
    without, with_them = extraction(), extraction(sacred=True)
    assert [one.memory.id for one in without.lessons(rows)] == ["2"]
    assert [line(one)["provenance"]["sacred"] for one in with_them.lessons(rows)] == [True, False]
    assert [without.tally.sacred, with_them.tally.sacred] == [1, 1]


def test_a_memory_of_ours_is_judged_by_how_hot_it_is_now() -> None:
    fresh, old = (
        Memory(name, f"Rule {name}. It says what is to be shown.", 85.0, NOW - age, NOW, tags=("va",))
        for name, age in (("L1", DAY), ("L2", 90 * DAY))
    )
    assert [one.memory.id for one in extraction().lessons([fresh, old])] == ["L1"]
    assert [one.memory.id for one in extraction(hot=10.0).lessons([fresh, old])] == ["L1", "L2"]


def test_what_was_cleaned_away_is_in_no_line_not_even_as_a_title() -> None:
    rows = [
        memory(
            "1", content="Secret follows. The word is hunter2, as all know.", metadata={"title": "hunter2"}
        )
    ]
    one = Extraction(DOMAINS["legal"], NOW, clean=lambda text: text.replace("hunter2", "[redacted]"))
    (lesson,) = one.lessons(rows)
    assert "hunter2" not in json.dumps(line(lesson))
    assert "[redacted]" in lesson.asked.question


def test_texts_that_differ_in_a_secret_alone_are_one() -> None:
    rows = [memory(str(n), content=f"The key of it. It is key-{n} and nothing else.") for n in range(3)]
    one = Extraction(
        DOMAINS["legal"],
        NOW,
        clean=lambda text: text.partition(" is key")[0] + " is [redacted] somewhere else.",
    )
    assert len(list(one.lessons(rows))) == 1
    assert one.tally.left_out["twice"] == 2


def test_the_lines_are_what_training_reads_and_say_where_they_are_from(tmp_path: Path) -> None:
    rows = [memory("1", provenance="notes.md", content="ᎣᏏᏲ is hello.\u2028It is said to all who come.")]
    lines = [line(one) for one in extraction().lessons([*rows, memory("2")])]
    file = tmp_path / "legal.jsonl"
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines))
    first, second = read_chat(file)
    assert first.answer == "It is said to all who come."
    assert second.messages[0].content == "What follows this in our records? Rule 2 of the book."
    about = lines[0]["provenance"]
    assert [about["id"], about["origin"], about["source"], about["temperature"]] == [
        "1",
        "federation",
        "notes.md",
        80.0,
    ]
    assert [about["rule"], about["question"], len(about["hash"])] == ["tags", "first sentence", 64]
