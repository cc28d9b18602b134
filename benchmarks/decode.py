"""Decode speed through a whole turn, beside a bare loop over llama.cpp and llama-cpp-python's own chat."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import llama_cpp
import llama_cpp.llama_cpp as llama

from benchmarks.models import read
from benchmarks.report import alternate, ratio, say, spread
from engine.contract import Chunk, Message, Request, Sampling
from engine.llama.context import ContextOptions, LlamaContext, default_threads
from engine.llama.engine import LlamaEngine, LlamaOptions
from engine.llama.library import amx_build
from engine.llama.model import LlamaModel
from engine.llama.sampler import Sampler
from engine.llama.template import ChatTemplate
from modes.catalog import Catalog
from tui.core.models import starter_model
from tui.core.store import Store
from tui.core.turn import Ask, Turns

CONTEXT = 2048
TOKENS = 128
ROUNDS = 7
QUESTION = "Write a very long story about a river, a mountain and the people who live between them."
SAMPLING = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.05, seed=7)


def through_turn(engine: LlamaEngine, store: Store, catalog: Catalog) -> float:
    """Tokens per second between the first and the last chunk that the consumer of a turn sees."""
    voice = catalog.voice("base")
    conversation = store.create(voice.spec)
    ask = Ask(conversation.id, voice, QUESTION, None, SAMPLING, TOKENS)
    first = last = 0.0
    tokens = 0
    for event in Turns(engine, store).run(ask):
        if isinstance(event, Chunk) and event.tokens:
            last = time.perf_counter()
            first = first or last
            tokens += len(event.tokens)
    return (tokens - 1) / (last - first)


def bare(context: LlamaContext, prompt: list[int]) -> float:
    """The least that must be done: sample, look at the bytes, decode."""
    context.clear(0)
    read(context, prompt)
    sampler = Sampler(Request((), SAMPLING), 7, context.model)
    one = (llama.llama_token * 1)()
    began = time.perf_counter()
    for count in range(TOKENS):
        token = llama.llama_sampler_sample(sampler.handle, context.handle, -1)
        if count == 0:
            began = time.perf_counter()
        context.model.piece(token)
        one[0] = token
        if count < TOKENS - 1:
            llama.llama_decode(context.handle, llama.llama_batch_get_one(one, 1))
    rate = (TOKENS - 1) / (time.perf_counter() - began)
    sampler.free()
    return rate


def library_chat(chat: llama_cpp.Llama) -> float:
    """llama-cpp-python's streaming chat completion."""
    chat.reset()
    stream = chat.create_chat_completion(
        [{"role": "user", "content": QUESTION}],
        max_tokens=TOKENS,
        stream=True,
        temperature=SAMPLING.temperature,
        top_k=SAMPLING.top_k,
        top_p=SAMPLING.top_p,
        min_p=SAMPLING.min_p,
        repeat_penalty=1.0,
        seed=7,
    )
    times = [time.perf_counter() for piece in stream if piece["choices"][0]["delta"].get("content")]
    return (len(times) - 1) / (times[-1] - times[0])


def on_its_thread(engine: LlamaEngine, work: Callable[[], float]) -> float:
    """Computed where the engine computes: a second thread with a team of its own would slow down both."""
    return engine._worker.run(work)


def main() -> None:
    """Print the decode table."""
    path = starter_model()
    assert path is not None
    with TemporaryDirectory() as folder:
        engine = LlamaEngine(path, LlamaOptions(context=CONTEXT), lambda _fraction: True)
        store = Store.open(Path(folder) / "conversations.sqlite3")
        model = LlamaModel(path, 0, lambda _fraction: True)
        context = LlamaContext(model, ContextOptions(CONTEXT, default_threads(), flash=False))
        template = ChatTemplate(model.chat_template(), bos=model.bos, eos=model.eos)
        prompt = model.prompt_tokens(template.render([Message("user", QUESTION)]))
        figures = alternate(
            {
                "turn": partial(through_turn, engine, store, Catalog.load(None)),
                "bare": partial(on_its_thread, engine, partial(bare, context, prompt)),
                "library": partial(on_its_thread, engine, partial(library_chat, _library_chat_model(path))),
            },
            ROUNDS,
        )
        engine.close()
        store.close()
    say(f"Decode, {TOKENS} tokens after a prompt of {len(prompt)}, {ROUNDS} alternating rounds")
    for name, text in (
        ("turn", "through core.turn, saved to disk"),
        ("bare", "bare llama_decode + sampler loop"),
        ("library", "llama-cpp-python create_chat_completion"),
    ):
        say(f"  {text:<42} {spread(figures[name], 'tok/s')}")
    say(f"  {'turn / bare (aim >= 0.97)':<42} {ratio(figures['turn'], figures['bare'])}")
    say(f"  {'turn / create_chat_completion (aim >= 1.0)':<42} {ratio(figures['turn'], figures['library'])}")


def _library_chat_model(path: Path) -> llama_cpp.Llama:
    defaults = llama.llama_model_default_params

    def without_amx() -> llama.llama_model_params:
        params = defaults()
        params.use_extra_bufts = not amx_build()
        return params

    # llama_cpp.Llama has no switch for it, and gcc builds with AMX crash in the first decode.
    llama.llama_model_default_params = without_amx
    threads = default_threads()
    chat = llama_cpp.Llama(
        str(path), n_ctx=CONTEXT, n_threads=threads, n_threads_batch=threads, verbose=False
    )
    llama.llama_model_default_params = defaults
    return chat
