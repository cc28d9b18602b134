"""The operator's settings: from config.toml, over it ``MODESHARE_*`` variables, over those the flags.

This module must not know where config.toml lies (`tui.core.paths`), nor what any setting leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from modes import blend, tables

PREFIX = "MODESHARE_"

#: Variables of ours that are no settings: they are needed before, or apart from, config.toml.
_OTHERS = frozenset({"MODESHARE_CONFIG_DIR", "MODESHARE_DATA_DIR", "MODESHARE_DEBUG"})


class ConfigError(Exception):
    """A setting or file that cannot be used; the text names it. The program ends with exit code 2."""


def _path(value: object) -> Path:
    # Before pydantic's own check, because a strict one takes no text for a path.
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


class Config(BaseModel):
    """Every setting. None means that the program chooses by what it finds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[Path, BeforeValidator(_path)] | None = None
    """The model file (GGUF); None is the starter model."""

    engine: Literal["llama"] = "llama"
    """What runs the model."""

    context: Annotated[int, Field(ge=256)] | None = None
    """Tokens of context, prompt and answer together."""

    threads: Annotated[int, Field(ge=1)] | None = None
    """Processor threads that generate."""

    batch: Annotated[int, Field(ge=8, le=4096)] | None = None
    """Tokens of a prompt read in one step; None is what was measured to be fast."""

    flash_attention: bool | None = None
    """Flash attention; None is what was measured to be fast."""

    tune: bool = True
    """Measure once, for some seconds, how a model runs fastest on this machine."""

    gpu_layers: Annotated[int, Field(ge=-1)] | None = None
    """Layers of the model kept on the GPU; -1 is all of them."""

    slots: Annotated[int, Field(ge=1)] | None = None
    """Answers that can be written at once."""

    cache: Annotated[int, Field(ge=0)] | None = None
    """MiB of main memory for what was read, beside the context; 0 keeps none."""

    mode: Annotated[str, AfterValidator(_spec)] = blend.BASE
    """The mode or blend that a new conversation begins in."""

    theme: str | None = None
    """Name of the colour theme."""

    ascii: bool | None = None
    """ASCII in place of glyphs; None goes by the locale."""

    @classmethod
    def load(cls, config_file: Path, environ: Mapping[str, str]) -> Config:
        """File and variables over the defaults; the file may be absent. Raises `ConfigError`.

        ``~`` stands for the home directory; a relative model path in the file starts from the file's
        own directory. An empty variable counts as not set.
        """
        return cls()._over(_from_file(config_file))._over(_from_environ(environ))

    def with_flags(self, **flags: object) -> Config:
        """These settings with the flags that are not None over them. Raises `ConfigError`."""
        return self._over(_from_flags(flags))

    def _over(self, layer: Config) -> Config:
        return self.model_copy(update={field: getattr(layer, field) for field in layer.model_fields_set})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it holds; ``source`` is the file, variable or flag it is from, or ``default``."""

    name: str
    value: object
    source: str


def settings(
    config_file: Path, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> tuple[Setting, ...]:
    """Every setting, in the order of `Config`, with where its value is from. Raises `ConfigError`."""
    file, variables, given = _from_file(config_file), _from_environ(environ), _from_flags(flags or {})

    def setting(name: str) -> Setting:
        if name in given.model_fields_set:
            return Setting(name, getattr(given, name), _flag(name))
        if name in variables.model_fields_set:
            return Setting(name, getattr(variables, name), _variable(name))
        source = str(config_file) if name in file.model_fields_set else "default"
        return Setting(name, getattr(file, name), source)

    return tuple(setting(name) for name in Config.model_fields)


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A warning for each ``MODESHARE_*`` variable that means nothing, with the nearest name."""
    known = {_variable(field) for field in Config.model_fields} | _OTHERS
    return tuple(
        f"{tables.printable(name)}: no such variable, it changes nothing{tables.nearest(name, known, 0.85)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known
    )


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def _from_file(file: Path) -> Config:
    try:
        table = tables.read(file.read_bytes())
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}): check its permissions") from None
    except tables.BadTableError as error:
        raise ConfigError(f"{file}: {error}") from None
    found = _validated(table, strict=True)
    if isinstance(found, Config):
        if found.model is None or found.model.is_absolute():
            return found
        return found.model_copy(update={"model": file.parent / found.model})
    raise ConfigError(f"{file}: {'; '.join(f'{field}: {text}' for field, text in found)}")


def _from_environ(environ: Mapping[str, str]) -> Config:
    written = {field: environ.get(_variable(field)) for field in Config.model_fields}
    found = _validated({field: text for field, text in written.items() if text}, strict=False)
    if isinstance(found, Config):
        return found
    raise ConfigError("; ".join(f"{_variable(field)}: {text}" for field, text in found))


def _from_flags(flags: Mapping[str, object]) -> Config:
    found = _validated({field: value for field, value in flags.items() if value is not None}, strict=True)
    if isinstance(found, Config):
        return found
    raise ConfigError("; ".join(f"{_flag(field)}: {text}" for field, text in found))


def _validated(table: dict[str, Any], strict: bool) -> Config | Iterator[tuple[str, str]]:
    """The settings, or what is wrong with them; ``strict`` where values carry their own type."""
    try:
        return Config.model_validate(table, strict=strict)
    except ValidationError as error:
        return tables.reasons(error, Config)
