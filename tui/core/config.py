"""The operator's settings: from config.toml, over it ``MODESHARE_*`` variables, over those the flags.

This module must not know where config.toml lies (`tui.core.paths`), nor what any setting leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from engine.plan.need import KV_KINDS, KvKind
from modes import blend, tables
from modes.checks import one_of, text, truth, whole
from modes.fields import Unfit, Written, checked, every, given
from tui.core.secret import Secret

PREFIX = "MODESHARE_"

#: Variables of ours that are no settings: they are needed before, or apart from, config.toml.
_OTHERS = frozenset({"MODESHARE_CONFIG_DIR", "MODESHARE_DATA_DIR", "MODESHARE_DEBUG"})


#: Settings that start, in a file, from its own folder.
_PATHS = frozenset({"model", "server_base", "server_folder"})

#: Settings that a change of config.toml changes in a running program; the others need a new start.
LIVE = frozenset({"mode", "theme", "history", "keys"})


class ConfigError(Exception):
    """A setting or file that cannot be used; the text names it. The program ends with exit code 2."""


def _path(value: object) -> Path:
    if not isinstance(value, str | Path):
        raise ValueError("a path in quotes")
    if not value or value == Path():
        raise ValueError("the path of a file")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("a path whose ~ is a known home directory") from None


def _spec(text: str) -> str:
    try:
        return blend.format(blend.parse(text))
    except blend.BadBlend as error:
        raise ValueError(f"a mode or blend ({error})") from None


def _keys(value: object) -> dict[str, str]:
    if isinstance(value, str):
        pairs = [pair.partition("=") for pair in value.split(";") if pair.strip()]
        if not all(equals and name.strip() for name, equals, _ in pairs):
            raise ValueError("a table, or pairs such as fold=f2; send=ctrl+s")
        return {name.strip(): keys.strip() for name, _, keys in pairs}
    if not isinstance(value, dict):
        raise ValueError("a table")
    return dict(zip(value, every((f".{name}", text(), keys) for name, keys in value.items()), strict=True))


def _secret(value: object) -> Secret:
    """Never shown in a complaint, as the value of any other setting would be."""
    if not isinstance(value, str) or not value:
        raise Unfit([("", "expected text in quotes")])
    return Secret(value)


def _server(value: object) -> Secret:
    dsn = _secret(value)
    if "://" in dsn and not dsn.startswith(("postgresql://", "postgres://")):
        raise Unfit([("", "expected postgresql://USER@HOST/DATABASE, or host=... dbname=... user=...")])
    if "://" not in dsn and "=" not in dsn:
        raise Unfit([("", "expected postgresql://USER@HOST/DATABASE, or host=... dbname=... user=...")])
    return dsn


def _embedder(text: str) -> str:
    if text in ("local", "off"):
        return text
    if not text.startswith(("http://", "https://")) or not _host(text):
        expected = "local, off, or the http(s) address of an embedding service"
        if "@" in text:  # what stands before it may be a password
            raise Unfit([("", f"expected {expected}")])
        raise ValueError(expected)
    return Secret(text)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("a name")
    return text.strip()


EngineName = Literal["llama", "mlx", "remote"]
MemoryPlace = Literal["local", "postgres", "off"]


@dataclass(frozen=True)
class Config:
    """Every setting. None means that the program chooses by what it finds."""

    model: Path | None = given(_path, None)
    """The model file (GGUF); None is the starter model."""

    engine: EngineName | None = given(one_of(*get_args(EngineName)), None)
    """What runs the model; None is remote where a server is named, else what fits this machine."""

    server: str | None = given(text(_name), None)
    """Address of an OpenAI-compatible server: HOST:PORT or a URL (docs/servers.md)."""

    server_model: str | None = given(text(_name), None)
    """Which of the server's models to ask; for mlx_lm.server the full path of its model."""

    server_key: Secret | None = given(_secret, None)
    """What the server wants to see (a bearer token). Secrets are in a file only if nobody else reads it."""

    server_tls: bool = given(truth, True)
    """False allows http to another machine, where everything can be read on the way."""

    server_base: Path | None = given(_path, None)
    """A GGUF file of the base that the server runs; without it modes there have no coefficients."""

    server_folder: Path | None = given(_path, None)
    """Where adapters are written for the server, which must see it under the same path."""

    context: int | None = given(whole(256), None)
    """Tokens of context, prompt and answer together."""

    threads: int | None = given(whole(1), None)
    """Processor threads that generate."""

    batch: int | None = given(whole(8, 4096), None)
    """Tokens of a prompt read in one step; None is what was measured to be fast."""

    flash_attention: bool | None = given(truth, None)
    """Flash attention; None is what was measured to be fast."""

    kv: KvKind = given(one_of(*KV_KINDS), "f16")
    """How K and V are stored: f16, or q8_0 in half the memory, which needs flash attention."""

    tune: bool = given(truth, True)
    """Measure once, for some seconds, how a model runs fastest on this machine."""

    gpu_layers: int | None = given(whole(-1), None)
    """Layers of the model kept on the GPU; -1 is all of them."""

    slots: int | None = given(whole(1), None)
    """Answers that can be written at once."""

    cache: int | None = given(whole(0), None)
    """MiB of main memory for what was read, beside the context; 0 keeps none."""

    mode: str = given(text(_spec), blend.BASE)
    """The mode or blend that a new conversation begins in."""

    memory: MemoryPlace = given(one_of(*get_args(MemoryPlace)), "local")
    """Where memories are recalled from: this machine, a PostgreSQL server while it answers, or nowhere."""

    memory_server: Secret | None = given(_server, None)
    """The server: a URL, or ``host=... dbname=...``; None is the PG* variables, with postgres only."""

    memory_table: str = given(text(_name), "thermal_memory_archive")
    """The server's table of memories, with its schema before a dot where it needs one."""

    memory_vectors: str | None = given(text(_name), None)
    """The model that made the server's embeddings; None: they are compared with nothing."""

    embedder: str | None = given(text(_embedder), None)
    """What makes embeddings: local, off, or a service's address; None is local where it is installed."""

    embedder_model: str | None = given(text(_name), None)
    """The embedder's model: a folder for local (None: the starter model), a name for a service."""

    embedder_key: Secret | None = given(_secret, None)
    """What the embedding service wants to see (a bearer token)."""

    theme: str | None = given(text(), None)
    """Name of the colour theme; None is dark, or monochrome where the terminal has no colours."""

    ascii: bool | None = given(truth, None)
    """ASCII in place of glyphs; None goes by the locale."""

    mouse: bool = given(truth, True)
    """The mouse scrolls and clicks; without, it selects text as the terminal does by itself."""

    history: bool = given(truth, True)
    """What was sent is kept on disk, to be recalled with Up in later sessions."""

    keys: Mapping[str, str] = given(_keys, {})
    """Other keys, by the name of what they do, several separated by commas (docs/keys.md).

    In a variable: ``fold=f2; send=ctrl+s``.
    """

    @classmethod
    def load(cls, config_file: Path, environ: Mapping[str, str]) -> Config:
        """File and variables over the defaults; the file may be absent. Raises `ConfigError`.

        ``~`` stands for the home directory; a relative model path in the file starts from the file's
        own directory, and so do those for a server. An empty variable counts as not set.
        """
        return cls(**_from_file(config_file) | _from_environ(environ))

    def with_flags(self, **flags: object) -> Config:
        """These settings with the flags that are not None over them. Raises `ConfigError`."""
        return replace(self, **_from_flags(flags))


#: The names of all settings.
NAMES = tuple(field.name for field in fields(Config))


class Setting(NamedTuple):
    """One setting as it holds; ``source`` is the file, variable or flag it is from, or ``default``.

    Of a secret ``value`` shows what may be seen.
    """

    name: str
    value: object
    source: str


def settings(
    config_file: Path, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> tuple[Setting, ...]:
    """Every setting, in the order of `Config`, with where its value is from. Raises `ConfigError`."""
    file, variables, flagged = _from_file(config_file), _from_environ(environ), _from_flags(flags or {})

    def source(name: str) -> str:
        if name in flagged:
            return _flag(name)
        if name in variables:
            return _variable(name)
        return str(config_file) if name in file else "default"

    config = Config(**file | variables | flagged)
    return tuple(Setting(name, _shown(getattr(config, name)), source(name)) for name in NAMES)


def _shown(value: object) -> object:
    return value.shown if isinstance(value, Secret) else value


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A warning for each ``MODESHARE_*`` variable that means nothing, with the nearest name."""
    known = {_variable(name) for name in NAMES} | _OTHERS
    return tuple(
        f"{tables.printable(name)}: no such variable, it changes nothing{tables.nearest(name, known, 0.85)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known
    )


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def _from_file(file: Path) -> dict[str, Any]:
    try:
        found = checked(Config, tables.read(file.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}): check its permissions") from None
    except (tables.BadTableError, Unfit) as error:
        raise ConfigError(f"{file}: {error}") from None
    for name in _PATHS & found.keys():
        found[name] = file.parent / found[name]
    secret = next((name for name, value in found.items() if isinstance(value, Secret) and value.hides), None)
    if secret and file.stat().st_mode & 0o077:
        raise ConfigError(f"{file}: others can read {secret}: chmod 600 {file}, or {_variable(secret)}")
    return found


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    written = {name: Written(environ.get(_variable(name), "")) for name in NAMES}
    return _named({name: text for name, text in written.items() if text}, _variable)


def _from_flags(flags: Mapping[str, object]) -> dict[str, Any]:
    return _named({name: value for name, value in flags.items() if value is not None}, _flag)


def _named(table: Mapping[str, object], spelling: Callable[[str], str]) -> dict[str, Any]:
    """The settings of ``table``; complaints tell a setting by its ``spelling``. Raises `ConfigError`."""
    try:
        return checked(Config, table)
    except Unfit as error:
        raise ConfigError("; ".join(f"{spelling(name)}: {why}" for name, why in error.complaints)) from None
