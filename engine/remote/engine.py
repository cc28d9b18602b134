"""`Engine` on a server that speaks the OpenAI protocol; what kind it is, is found out by asking it.

It must not know how adapters are written as files (`RemoteOptions.export` does), nor where settings are from.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial

from engine.contract import (
    Chunk,
    EngineError,
    GenerationFailed,
    Message,
    ModelInfo,
    ModelUnusable,
    Progress,
    PromptTooLong,
    Request,
    Scales,
    WrongBase,
)
from engine.fingerprint import Fingerprint
from engine.header import header_of
from engine.lowrank import Basis, Coefficients
from engine.remote.address import Address
from engine.remote.counting import Estimate
from engine.remote.describing import RemoteOptions as RemoteOptions  # noqa: PLC0414 - how it is made
from engine.remote.describing import described
from engine.remote.profiles.asking import profile_of
from engine.remote.profiles.facts import Means
from engine.remote.profiles.plain import Body
from engine.remote.shelf import Kept
from engine.remote.streaming import stream
from engine.remote.wire import Wire
from engine.remote.writing import Writing

_SEEDS = 2**31


class _Answer(Iterator[Chunk]):
    """The chunks of one answer. Closing it, or letting go of it, cancels what is not there yet."""

    def __init__(self, engine: RemoteEngine, writing: Writing) -> None:
        self._engine, self._writing, self._over = engine, writing, False

    def __next__(self) -> Chunk:
        if self._over:
            raise StopIteration
        try:
            item = self._writing.take()
        except BaseException:
            self.close()
            raise
        if item.done is not None:
            self._over = True
            self._engine.learn(self._writing.request, item)
        return item

    def close(self) -> None:
        """Cancel the request unless it is over."""
        if not self._over:
            self._over = True
            self._engine.cancel(self._writing.request.id)

    def __del__(self) -> None:
        self.close()


class RemoteEngine:
    """A model on a server. Constructing it asks the server, and waits while that loads its model.

    Raises `ModelUnusable`, `LoadCancelled`.
    """

    def __init__(self, server: str, options: RemoteOptions, on_progress: Progress) -> None:
        self._wire = Wire(Address.of(server, options.tls), options.key)
        self._running: dict[str, tuple[Writing, Future[None]]] = {}
        self._given_up = threading.Event()
        self._estimate = Estimate()
        means = Means(self._wire, folder=options.folder, export=options.export)
        base = options.base
        try:
            if base is not None:
                header_of(base)
            self._profile = profile_of(means, options.model, base, on_progress)
            self._shelf = means.shelf
            base = self._profile.facts.base
            self._fingerprint = Fingerprint(base, options.memo, self._given_up) if base else None
            self._counts = self._profile.count([Message("user", "a")], None) is not None
            self._bound = options.context or self._profile.facts.context
            self._info = described(self._profile.facts, self._wire.address.shown, self._counts, options)
        except (OSError, ValueError) as error:
            self._wire.close()
            raise ModelUnusable(f"the base {base} cannot be read ({error}): see server_base") from error
        except GenerationFailed as trouble:
            self._wire.close()
            raise ModelUnusable(str(trouble)) from trouble
        except BaseException:
            self._wire.close()
            raise

    @property
    def info(self) -> ModelInfo:
        return self._info

    def fingerprint(self, wait: bool = True) -> str | None:
        """Identity of the base; None where it is not known which one the server runs."""
        return self._fingerprint.get(wait) if self._fingerprint else None

    def install(self, name: str, basis: Basis, coefficients: Coefficients) -> None:
        """Make coefficients usable under ``name``. Raises `WrongBase`, `AdapterRefused`."""
        kept = self._fitting(name, basis, coefficients)
        self._profile.install(kept)
        if name in self._shelf.names() and self._shelf.find(name).label != kept.label:
            self._profile.retire(name, by=kept)
        self._shelf.keep(kept)

    def remove(self, name: str) -> None:
        """Forget ``name``, on the server too once no answer uses it. Raises `NotInstalled`."""
        self._shelf.remove(name)
        self._profile.retire(name)

    def installed(self) -> tuple[str, ...]:
        return self._shelf.names()

    def push(self, name: str, basis: Basis, coefficients: Coefficients) -> str:
        """Bring coefficients to the server to stay; what was done, a sentence. Raises as `install`."""
        return self._profile.push(self._fitting(name, basis, coefficients))

    def _fitting(self, name: str, basis: Basis, coefficients: Coefficients) -> Kept:
        base = self.fingerprint()
        if base is not None and basis.base != base:
            raise WrongBase(
                f"{name} was made for base {basis.base[:12]}, the server runs {base[:12]}: "
                "ask a server with the model it was made for, or train it for this one"
            )
        return Kept.of(name, basis, coefficients)

    def generate(self, request: Request) -> Iterator[Chunk]:
        """Stream one answer; see `engine.contract.Engine.generate`."""
        self._refuse_what_cannot_fit(request.messages)
        seed = random.randrange(_SEEDS) if request.sampling.seed is None else request.sampling.seed
        body = {**self._profile.body(request, seed), **self._profile.wear(request.scales)}
        guess = partial(self._estimate.tokens, request.messages)
        writing = Writing(request, seed, self._info.context, guess)
        work = stream(self._wire, body, writing, self._profile.amend)
        try:
            future = self._wire.begin(work)
        except BaseException:
            self._profile.worn(body)
            raise
        self._running[request.id] = writing, future
        future.add_done_callback(lambda _future: self._over(request.id, body))
        return _Answer(self, writing)

    def _refuse_what_cannot_fit(self, messages: Sequence[Message]) -> None:
        """A server that counts says so itself; others may read for ever. Raises `PromptTooLong`."""
        least = 0 if self._counts else self._estimate.least(messages)
        if self._bound and least >= self._bound:
            raise PromptTooLong(least, self._bound)

    def _over(self, request_id: str, body: Body) -> None:
        """Called on the wire's thread, which must not wait for itself."""
        self._running.pop(request_id, None)
        threading.Thread(target=self._profile.worn, args=(body,), name="release", daemon=True).start()

    def learn(self, request: Request, last: Chunk) -> None:
        """What an answer cost makes the next guess better."""
        if last.usage and not last.usage.estimated and not self._counts:
            self._estimate.learn(request.messages, last.usage.prompt_tokens)

    def check(self, request: Request) -> None:
        """Raises `BadConstraint` where `generate` would; the messages are not looked at."""
        self._profile.body(request, 0)

    def score(
        self, prompt: str | Sequence[Message], continuations: Sequence[str], scales: Scales = ()
    ) -> list[list[float]]:
        """See `engine.contract.Engine.score`. Raises `NotOffered` where the server cannot."""
        return self._profile.score(prompt, continuations, scales)

    def count_tokens(self, messages: Sequence[Message], thinking: bool | None = None) -> int:
        """As the server counts them; where it does not, a guess (`ModelInfo.notes` says so)."""
        counted = self._profile.count(messages, thinking) if self._counts else None
        return self._estimate.tokens(messages) if counted is None else counted

    def cancel(self, request_id: str) -> None:
        """End a request now, and on the server: its connection is closed. An unknown one is left alone."""
        writing, future = self._running.get(request_id, (None, None))
        if writing is not None and future is not None and not writing.over:
            writing.end("cancelled")
            future.cancel()

    def close(self) -> None:
        """Cancel what runs, take what is ours off the server, and hang up. Closing twice is nothing."""
        self._given_up.set()
        for request_id in list(self._running):
            self.cancel(request_id)
        with contextlib.suppress(EngineError):  # a server that has gone holds nothing of ours
            self._profile.close()
        self._wire.close()
