"""``tui doctor``: what this machine has, what was chosen, and the remedy for what is amiss."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from engine.contract import EngineError, Message, ModelInfo, Progress, Request, Sampling
from modes.catalog import Catalog
from modes.share.compaction import total_bytes
from modes.share.library import LibraryError
from tui.core.coefficients import held
from tui.core.config import Config, ConfigError
from tui.core.engines import chosen_engine, open_engine
from tui.core.notices import Notices
from tui.core.paths import PathUnusable, ensure_private_dir, subspace_dir
from tui.core.plain import clean
from tui.core.secret import without_password
from tui.core.store import Store, StoreError
from tui.headless.findings import Finding
from tui.headless.memory.examining import remembered


def examine(
    config: Config, catalog: Catalog, config_file: Path, data: Path, tune: bool = False
) -> Iterator[Finding]:
    """Look at everything, cheap things first; the model is loaded and made to speak.

    ``tune`` measures anew how it runs fastest here.
    """
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield _terminal()
    yield Finding("config", f"{config_file}{'' if config_file.exists() else ' (absent: all defaults)'}")
    yield from _store(data)
    yield from remembered(config, data)
    yield from _modes(catalog)
    yield from _subspace(data)
    try:
        name = chosen_engine(config)
    except ConfigError as error:
        yield Finding("engine", str(error), False, "see the message above")
        return
    yield from _server(config) if name == "remote" else _engine()
    yield from _model(config, data, tune)


def _terminal() -> Finding:
    size = shutil.get_terminal_size()
    encoding = locale.getencoding()
    text = f"{os.environ.get('TERM', 'none')}, {size.columns}x{size.lines}, {encoding}"
    if encoding.upper().replace("-", "") != "UTF8":
        return Finding("terminal", text, False, "set LANG to a UTF-8 locale to see glyphs and syllabary")
    return Finding("terminal", text)


def _store(data: Path) -> Iterator[Finding]:
    path = data / "conversations.sqlite3"
    try:
        ensure_private_dir(data)
        if not path.exists():
            yield Finding("conversations", f"none yet; they will be kept in {path}")
            return
        store = Store.open(path)
    except (PathUnusable, StoreError) as error:
        yield Finding("conversations", str(error), False, "see the message above")
        return
    with closing(store):
        if store.notice:
            yield Finding("conversations", store.notice)
        yield Finding("conversations", f"{len(store.list(limit=1_000_000)):,} in {path}")


def _modes(catalog: Catalog) -> Iterator[Finding]:
    trained = [name for name, mode in catalog.modes.items() if mode.coefficients]
    text = f"{', '.join(catalog.modes)} (with trained coefficients: {', '.join(trained) or 'none yet'})"
    yield Finding("modes", text)
    for problem in catalog.problems:
        yield Finding("mode file", problem.text, False, "correct the file, or move it away")


def _subspace(data: Path) -> Iterator[Finding]:
    folder = subspace_dir(data)
    try:
        library = held(folder)
        if library.current() is None:
            return
        shelved = library.load()
    except LibraryError as error:
        yield Finding("subspace", str(error), False, "tui modes rollback, or move the folder away")
        return
    about = f"{total_bytes(shelved.basis, shelved.modes) / 1e6:,.2f} MB, for base {shelved.basis.base[:16]}"
    names = ", ".join(shelved.modes) or "no modes"
    yield Finding("subspace", f"{library.current()} in {library.folder}: {names}; {about}")


def _server(config: Config) -> Iterator[Finding]:
    key = "with a key" if config.server_key else "without a key"
    yield Finding("engine", f"remote: {without_password(config.server or '')}, asked {key}")


def _engine() -> Iterator[Finding]:
    from engine.llama import library

    for device in library.devices():
        gib = 1 << 30
        free = f"{device.free / gib:,.1f} of {device.total / gib:,.1f} GiB free"
        yield Finding("device", f"{device.name}: {device.description}, {free}")
    build = f"llama.cpp (llama-cpp-python {library.version})"
    backends = ", ".join(library.gpu_backends())
    if library.supports_gpu():
        yield Finding("engine", f"{build}, built for GPU ({backends})")
    elif backends:
        remedy = "see that the driver is installed and sees the GPU (for NVIDIA: nvidia-smi)"
        yield Finding("engine", f"{build}, built for GPU ({backends}), but no GPU is found", remedy=remedy)
    else:
        remedy = "with an NVIDIA GPU and its CUDA toolkit: make chat CUDA=1"
        yield Finding("engine", f"{build}, built for CPU only", remedy=remedy)
    if library.amx_build():
        yield Finding(
            "engine", "Intel AMX kernels are kept off: compiled by gcc they crash (llama.cpp issue 20824)"
        )


def _model(config: Config, data: Path, tune: bool) -> Iterator[Finding]:
    notices = Notices()
    try:
        began = time.perf_counter()
        memo = data / "models.json" if data.is_dir() else None
        engine = open_engine(config, memo, lambda _fraction: True, _shown_in(notices), tune)
        notices.clear()
    except EngineError as error:
        yield Finding("model", str(error), False, "see the message above")
        return
    try:
        info = engine.info
        loaded = time.perf_counter() - began
        yield Finding(
            "model",
            f"{info.name}: {_described(info)}, on {info.device}, there in {loaded:.1f} s",
        )
        trained = f" (trained on {info.trained_context:,})" if info.trained_context else ""
        yield Finding("context", f"{info.context:,} tokens{trained}")
        yield Finding("answers", f"{info.slots} at once, each with a context of its own")
        for sentence in info.tuning:
            yield Finding("tuning", sentence)
        for note in info.notes:
            yield Finding("note", note)
        identity = engine.fingerprint()
        yield Finding("base", f"fingerprint {identity[:16]}" if identity else "not known")
        request = Request((Message("user", "Say hello."),), Sampling(temperature=0), max_tokens=16)
        *_, last = engine.generate(request)
        if last.usage and last.usage.decode_rate:
            yield Finding("speed", f"{last.usage.decode_rate:,.0f} tokens/s of decode in a first answer")
    except EngineError as error:
        yield Finding("model", f"loaded, but it cannot answer: {error}", False, "try another GGUF file")
    finally:
        engine.close()


def _described(info: ModelInfo) -> str:
    parts = [info.architecture]
    parts += [f"{info.parameters / 1e6:,.0f}M parameters"] if info.parameters else []
    parts += [f"{info.size / 1e6:,.0f} MB"] if info.size else []
    return ", ".join(parts) + (f", from {info.path}" if info.path else "")


def _shown_in(notices: Notices) -> Progress:
    def show(fraction: float) -> bool:
        notices.progress(f"trying how the model runs fastest here {fraction:4.0%}")
        return True

    return show


def doctor(config: Config, catalog: Catalog, config_file: Path, data: Path, tune: bool = False) -> bool:
    """Print the report as it is made; whether everything that chatting needs is there."""
    good = True
    for finding in examine(config, catalog, config_file, data, tune):
        mark = "ok " if finding.ok else "BAD"
        sys.stdout.write(f"{mark} {finding.subject:<14} {clean(finding.text)}\n")
        if finding.remedy:
            sys.stdout.write(f"    {'':<14} -> {finding.remedy}\n")
        sys.stdout.flush()
        good = good and finding.ok
    return good
