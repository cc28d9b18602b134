"""One turn: a question goes on record, the model answers, the answer is saved as it comes.

The only way from a prompt to a stored answer, for the screen, for ``ask`` and for everything later.
Blocks while it runs: a screen runs it on a worker thread and shows its events.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from engine.contract import Chunk, DoneReason, Engine, EngineError, Request, Sampling, Scales, Usage
from tui.core.constraints import UNCONSTRAINED, Constraints
from tui.core.conversation import (
    Dropped,
    Finished,
    Node,
    NotSaved,
    Provenance,
    Reminded,
    Started,
    Status,
    Untrained,
    Unverified,
)
from tui.core.reminding import NOTHING, Reminder
from tui.core.store import Store, StoreError
from tui.core.window import fit

if TYPE_CHECKING:
    from modes.voice import Voice
    from tui.core.coefficients import Wardrobe
    from tui.core.memories import Memories
    from tui.core.recollection import Count

Event = Started | Untrained | Unverified | Reminded | Dropped | NotSaved | Chunk | Finished

#: Seconds between two saves of an answer under way: what a kill may lose.
SAVE_EVERY = 0.5

_STATUS: dict[DoneReason, Status] = {
    "stop": "done",
    "length": "length",
    "context": "context",
    "cancelled": "stopped",
}
#: What a mode's word for thinking means to an engine.
THINKING = {"auto": None, "on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Ask:
    """What a turn is about.

    ``question`` None writes another answer to the question at ``parent``; otherwise the question is
    put under ``parent`` (None: at the root). ``sampling``, ``max_tokens`` and the thinking budget among
    ``constraints`` override the mode's. Without ``recall`` no memories are looked for.
    """

    conversation: str
    voice: Voice
    question: str | None
    parent: str | None
    sampling: Sampling | None = None
    max_tokens: int | None = None
    constraints: Constraints = UNCONSTRAINED
    recall: bool = True


@dataclass(slots=True)
class _Draft:
    """The answer while it is being written."""

    node: Node
    text: str = ""
    thinking: str = ""
    saved_at: float = 0.0
    told: bool = False
    ended: bool = False
    remembered: bool = True
    coefficients: str | None = None
    scales: Scales = ()


class Turns:
    """Runs turns on one engine and one store. Answers that could not be saved are kept for the next try."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        wardrobe: Wardrobe | None = None,
        memories: Memories | None = None,
    ) -> None:
        self._engine, self._store, self._wardrobe = engine, store, wardrobe
        self._reminder = None if memories is None else Reminder(memories, store)
        self._unsaved: dict[str, Callable[[], None]] = {}
        self._told: set[str] = set()
        # Turns of several conversations run at once, each on its own thread.
        self._saving = threading.Lock()

    def run(self, ask: Ask) -> Generator[Event, None, None]:
        """The events of one turn, from `Started` to `Finished`.

        Raises `StoreError` when the question itself cannot be put on record, and `BadConstraint` before
        that; every later trouble is an event, and the answer's status. Closing the iterator stops the
        answer and keeps what there is, and so does `stop` from another thread.
        """
        self._save_again()
        if held := ask.constraints.given():
            self._engine.check(Request((), **held))
        question, draft, request = self._begin(ask)
        try:
            yield Started(question, draft.node)
            yield from self._dress(ask.voice, draft)
            count = partial(self._engine.count_tokens, thinking=request.thinking)
            path = yield from self._remind(ask, self._store.path(request.parent), draft, count)
            window = fit(ask.voice.lead.prompt, path, self._engine.info.context, count)
            if window.dropped:
                yield window.dropped
            asked = replace(request.request, messages=window.messages, scales=draft.scales)
            yield from self._answer(draft, asked)
            if self._reminder is not None:
                self._reminder.answered(ask.conversation, draft.text, draft.node.memories)
        except (EngineError, StoreError) as error:
            yield from self._finish(draft, "failed", None, str(error))
        except (GeneratorExit, KeyboardInterrupt):
            self._abandon(draft, "stopped", None)
            raise
        except BaseException as error:
            self._abandon(draft, "failed", f"unexpected {type(error).__name__}")
            raise

    def stop(self, answer: str) -> None:
        """End the answer with this id within one token; its turn goes on to `Finished`."""
        self._engine.cancel(answer)

    def _begin(self, ask: Ask) -> tuple[Node | None, _Draft, _Prepared]:
        voice, lead = ask.voice, ask.voice.lead
        question = None
        parent = ask.parent
        if ask.question is not None:
            question = self._store.add_question(ask.conversation, ask.parent, ask.question)
            parent = question.id
        if parent is None:
            raise StoreError("there is no question to answer")
        sampling = ask.sampling or lead.sampling.values()
        held = replace(
            ask.constraints, thinking_budget=ask.constraints.thinking_budget or lead.thinking_budget
        ).given()
        provenance = Provenance(
            model=self._engine.info.name,
            fingerprint=self._engine.fingerprint(wait=False),
            mode=voice.spec,
            mode_version=voice.version,
            scales=voice.scales,
            sampling=asdict(sampling),
            constraints=held,
        )
        node = self._store.begin_answer(ask.conversation, parent, provenance)
        request = Request(
            id=node.id,
            messages=(),
            sampling=sampling,
            max_tokens=ask.max_tokens or lead.max_tokens,
            stop=tuple(lead.stop),
            scales=voice.scales,
            thinking=THINKING[lead.thinking],
            **held,
        )
        draft = _Draft(node, saved_at=time.monotonic(), scales=voice.scales)
        return question, draft, _Prepared(request, parent)

    def _answer(self, draft: _Draft, request: Request) -> Iterator[Event]:
        for chunk in self._engine.generate(request):
            draft.text += chunk.text
            draft.thinking += chunk.thinking
            yield chunk
            if chunk.done is not None:
                yield from self._finish(draft, _STATUS[chunk.done], chunk.usage, None)
            elif chunk.text or chunk.thinking:
                yield from self._save(draft)

    def _dress(self, voice: Voice, draft: _Draft) -> Iterator[Untrained | Unverified]:
        """Install what ``voice`` speaks with."""
        if self._wardrobe is None:
            return
        worn = self._wardrobe.prepare(self._engine, voice.scales)
        draft.coefficients, draft.scales = worn.version, worn.scales
        if absent := self._untold(worn.absent):
            yield Untrained(absent)
        if unverified := self._untold(worn.unverified):
            yield Unverified(unverified)

    def _remind(
        self, ask: Ask, path: list[Node], draft: _Draft, count: Count
    ) -> Generator[Reminded | NotSaved, None, list[Node]]:
        """Say what the draft is written with of memories; returns the way to it, itself at the end."""
        if self._reminder is None:
            return path
        reminded = self._reminder.remind(ask, path, self._engine.info.context, count)
        draft.node = replace(draft.node, memories=reminded.memories)
        unsaved = self._remember(draft)
        if reminded != NOTHING:
            yield reminded
        yield from unsaved
        return self._reminder.read(ask.conversation, [*path, draft.node])

    def _remember(self, draft: _Draft) -> list[NotSaved]:
        """Keep what the draft is written with, before it is written."""
        if draft.node.memories is not None:
            try:
                self._store.remember(draft.node.id, draft.node.memories)
            except StoreError as error:
                draft.remembered, draft.told = False, True
                return [NotSaved(str(error))]
        return []

    def _untold(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``names`` that nothing was said of yet."""
        new = tuple(name for name in names if name not in self._told)
        self._told.update(new)
        return new

    def _abandon(self, draft: _Draft, status: Status, error: str | None) -> None:
        if not draft.ended:
            self._engine.cancel(draft.node.id)
            for _event in self._finish(draft, status, None, error):
                pass  # nobody is listening any more

    def _save(self, draft: _Draft) -> Iterator[NotSaved]:
        now = time.monotonic()
        if now - draft.saved_at < SAVE_EVERY:
            return
        draft.saved_at = now
        try:
            self._store.save_partial(draft.node.id, draft.text, draft.thinking)
        except StoreError as error:
            if not draft.told:
                draft.told = True
                yield NotSaved(str(error))

    def _finish(
        self, draft: _Draft, status: Status, usage: Usage | None, error: str | None
    ) -> Iterator[NotSaved | Finished]:
        provenance = draft.node.provenance
        if provenance is not None:
            seed = usage.seed if usage else provenance.sampling.get("seed")
            provenance = replace(
                provenance,
                fingerprint=self._engine.fingerprint(wait=False),
                coefficients=draft.coefficients,
                scales=draft.scales,
                sampling={**provenance.sampling, "seed": seed},
            )
        node = replace(
            draft.node,
            content=draft.text,
            thinking=draft.thinking,
            status=status,
            usage=usage,
            error=error,
            provenance=provenance,
        )
        self._unsaved[node.id] = partial(self._keep, node, draft.remembered)
        reasons = self._save_again()
        draft.ended = True
        for reason in reasons:
            yield NotSaved(reason)
        yield Finished(node)

    def _keep(self, node: Node, remembered: bool) -> None:
        if not remembered and node.memories is not None:
            self._store.remember(node.id, node.memories)
        self._store.finish_answer(
            node.id,
            text=node.content,
            thinking=node.thinking,
            status=node.status,
            usage=node.usage,
            provenance=node.provenance,
            error=node.error,
        )

    def _save_again(self) -> list[str]:
        """Try to write every finished answer that is not on disk yet; why it failed, once per answer."""
        reasons = []
        with self._saving:
            for node, save in list(self._unsaved.items()):
                try:
                    save()
                except StoreError as error:
                    reasons.append(str(error))
                else:
                    del self._unsaved[node]
        return reasons


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request without its messages, and the question that it answers."""

    request: Request
    parent: str

    @property
    def thinking(self) -> bool | None:
        return self.request.thinking
