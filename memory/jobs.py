"""Work that was ordered and done (rows of a queue) as conversations that coding is learned from.

It must not know where the rows were read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from memory.extract import LONGEST, Clean, cleaned
from memory.record import content_hash

#: The table's name where nobody says another.
QUEUE = "jr_work_queue"
#: Why a job was left out; the first that holds, in this order.
JobLeftOut = Literal[
    "not completed", "it has an error", "no proof of work", "no instruction", "no text of what was done",
    "too long", "twice",
]  # fmt: skip
JOB_REASONS: tuple[JobLeftOut, ...] = get_args(JobLeftOut)

#: Keys of a result under which what was made or said stands, the best first.
_SAID = ("output", "result", "answer", "response", "content", "text", "code", "diff", "patch", "summary")
#: Keys that say only that there was a run: a result of these alone proves nothing.
_BARE = frozenset(
    {"status", "success", "ok", "done", "exit_code", "duration", "elapsed", "started_at", "completed_at"}
)

#: Gives the text of a file that a job names, or None where it cannot be had.
Read = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the queue; ``instruction`` is often missing, and then in ``instruction_file``."""

    id: str
    title: str
    instruction: str | None = None
    instruction_file: str | None = None
    result: Any = None
    status: str = ""
    artifacts: tuple[str, ...] = ()
    error: str | None = None
    completed_at: str | None = None

    @property
    def said(self) -> str:
        """The text of its result, empty for none."""
        return _text(self.result)

    @property
    def proven(self) -> bool:
        """It left something behind: artifacts, or a result that is more than a word about itself."""
        held = _rest(self.result) if isinstance(self.result, dict) else self.result
        return bool(self.artifacts) or bool(held.strip() if isinstance(held, str) else held)


@dataclass(frozen=True, slots=True)
class Done:
    """A job as a question and its answer; the sources say what they were made of."""

    job: Job
    question: str
    answer: str
    asked_by: Literal["instruction", "instruction file", "title"]
    answered_by: Literal["result", "artifacts"]


@dataclass(slots=True)
class JobTally:
    """Rows seen, left out by `JobLeftOut`, and written by what the question and the answer were made of."""

    seen: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    made_of: Counter[str] = field(default_factory=Counter)

    @property
    def written(self) -> int:
        """Conversations that came of it."""
        return self.made_of.total()


def job_from(row: Mapping[str, Any]) -> Job:
    """A row of the queue, whatever of it is there; results may be JSON that is still text."""
    artifacts = _decoded(row.get("artifacts"))
    return Job(
        id=str(row.get("id", "")),
        title=_plain(row.get("title")),
        instruction=_plain(row.get("instruction_content")) or None,
        instruction_file=_plain(row.get("instruction_file")) or None,
        result=_decoded(row.get("result")),
        status=_plain(row.get("status")).casefold(),
        artifacts=tuple(one for one in artifacts if isinstance(one, str) and one.strip())
        if isinstance(artifacts, list | tuple)
        else (),
        error=_plain(row.get("error_message")) or None,
        completed_at=str(row["completed_at"]) if row.get("completed_at") else None,
    )


def reader(folder: Path | None) -> Read:
    """Reads files that jobs name, beneath ``folder`` only; None reads nothing.

    A queue is written by others: a path of theirs must not reach what the operator did not name.
    """
    root = folder.resolve() if folder else None

    def read(name: str) -> str | None:
        if root is None:
            return None
        try:
            file = (root / name.lstrip("/")).resolve()
            if not file.is_relative_to(root) or not file.is_file() or file.stat().st_size > LONGEST:
                return None
            return file.read_text("utf-8")
        except (OSError, ValueError):  # UnicodeDecodeError is a ValueError, and so is a NUL in a name
            return None

    return read


@dataclass(slots=True)
class JobExtraction:
    """One pass over a queue. Texts are used as ``clean`` makes them; ``read`` gets files that jobs name."""

    read: Read = lambda _name: None
    clean: Clean = cleaned
    tally: JobTally = field(default_factory=JobTally)
    _seen: set[str] = field(default_factory=set)

    def done(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """What can be learned of ``jobs``, in their order; `tally` counts what cannot."""
        for job in jobs:
            self.tally.seen += 1
            why, found = self._judged(job)
            if found is None:
                self.tally.left_out[why or "no proof of work"] += 1
            else:
                self.tally.made_of[f"{found.asked_by}, {found.answered_by}"] += 1
                yield found

    def _judged(self, job: Job) -> tuple[JobLeftOut | None, Done | None]:
        if why := _unproven(job):
            return why, None
        found = self._conversation(job)
        if isinstance(found, str):
            return found, None
        if len((found.question + found.answer).encode("utf-8", "replace")) > LONGEST:
            return "too long", None
        hashed = content_hash(f"{found.question}\0{found.answer}")
        if hashed in self._seen:
            return "twice", None
        self._seen.add(hashed)
        return None, found

    def _conversation(self, job: Job) -> Done | JobLeftOut:
        asked_by: Literal["instruction", "instruction file", "title"] = "instruction"
        question = job.instruction
        if question is None and job.instruction_file:
            question, asked_by = self.read(job.instruction_file), "instruction file"
        if not (question or "").strip():
            question, asked_by = job.title, "title"
        if not question or not question.strip():
            return "no instruction"
        answer, answered_by = job.said, "result"
        if not answer:
            answer, answered_by = self._made(job), "artifacts"
        if not answer.strip():
            return "no text of what was done"
        return Done(
            job,
            self.clean(question).strip(),
            self.clean(answer).strip(),
            asked_by,
            "result" if answered_by == "result" else "artifacts",
        )

    def _made(self, job: Job) -> str:
        texts = [(name, self.read(name)) for name in job.artifacts]
        return "\n\n".join(f"{Path(name).name}:\n```\n{text.rstrip()}\n```" for name, text in texts if text)


def job_line(done: Done) -> dict[str, Any]:
    """The conversation as a line of JSONL has it."""
    return {
        "messages": [
            {"role": "user", "content": done.question},
            {"role": "assistant", "content": done.answer},
        ],
        "provenance": {
            "id": done.job.id,
            "origin": "queue",
            "completed_at": done.job.completed_at,
            "question": done.asked_by,
            "answer": done.answered_by,
            "artifacts": list(done.job.artifacts),
        },
    }


def _unproven(job: Job) -> JobLeftOut | None:
    if job.status != "completed":
        return "not completed"
    if job.error:
        return "it has an error"
    return None if job.proven else "no proof of work"


def _plain(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _rest(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a result holds beside words about its own run."""
    return {key: one for key, one in result.items() if key not in _BARE and one not in (None, "", [], {})}


def _text(result: Any) -> str:
    """What a result says: a text, the first of the keys that say something, or the JSON of lists and tables.

    A single word ("done") says nothing to learn.
    """
    if isinstance(result, str):
        text = result.strip()
        return "" if text.isalpha() else text
    if isinstance(result, dict):
        if said := next((text for key in _SAID if (text := _text(result.get(key)))), ""):
            return said
        large = {key: one for key, one in _rest(result).items() if isinstance(one, list | dict)}
        return json.dumps(large, ensure_ascii=False, indent=1, default=str) if large else ""
    if isinstance(result, list):
        return "\n".join(text for one in result if (text := _text(one)))
    return ""
