"""Which engine runs the model, and making it: the one place under `tui` that names engines.

Each is imported only when it is made. Without a server that is named nothing here touches a network.
"""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.config import Config, ConfigError, EngineName
from tui.core.models import chosen_model, starter_model

if TYPE_CHECKING:
    from engine.contract import Engine, Progress
    from engine.remote.engine import RemoteEngine

_MIB = 1 << 20


def chosen_engine(config: Config) -> EngineName:
    """What the settings name; else remote for a server, mlx for its directories on Apple silicon, or llama.

    Raises `ConfigError` for a server without an address.
    """
    if config.engine == "remote" and config.server is None:
        raise ConfigError("engine remote needs a server: name its address with --server or MODESHARE_SERVER")
    if config.engine is not None:
        return config.engine
    if config.server is not None:
        return "remote"
    mlx = config.model is not None and config.model.is_dir() and importlib.util.find_spec("mlx") is not None
    return "mlx" if mlx and platform.system() == "Darwin" and platform.machine() == "arm64" else "llama"


def expected_name(config: Config) -> str | None:
    """What to call the model until it tells its own name: a server's model or host, the name of a file."""
    if config.server is not None and chosen_engine(config) == "remote":
        return config.server_model or config.server.rpartition("@")[2]
    path = config.model or starter_model()
    return path.name.removesuffix(".gguf") if path else None


def check_chosen(config: Config) -> None:
    """Raises `ConfigError` or `ModelUnusable` now where `open_engine` would for want of a model or server."""
    if chosen_engine(config) != "remote":
        chosen_model(config)


def open_engine(
    config: Config,
    memo: Path | None,
    on_progress: Progress,
    on_tuning: Progress = lambda _fraction: True,
    again: bool = False,
) -> Engine:
    """Load the configured model; ``memo`` is where facts about models are remembered, None for nowhere.

    Blocks; raises `ModelUnusable`, `LoadCancelled`, `ConfigError`.
    """
    name = chosen_engine(config)
    if name == "remote":
        return open_server(config, memo, on_progress)
    if name == "mlx":
        return _mlx(config, memo, on_progress, on_tuning)
    return _llama(config, memo, on_progress, on_tuning, again)


def _llama(
    config: Config, memo: Path | None, on_progress: Progress, on_tuning: Progress, again: bool
) -> Engine:
    path = chosen_model(config)
    from engine.llama.engine import LlamaEngine, LlamaOptions

    options = LlamaOptions(
        context=config.context,
        threads=config.threads,
        gpu_layers=config.gpu_layers,
        slots=config.slots,
        cache=None if config.cache is None else config.cache * _MIB,
        batch=config.batch,
        flash=config.flash_attention,
        kv=config.kv,
        tune=config.tune,
        again=again,
        memo=memo,
    )
    return LlamaEngine(path, options, on_progress, on_tuning)


def _mlx(config: Config, memo: Path | None, on_progress: Progress, on_tuning: Progress) -> Engine:
    from engine.contract import ModelUnusable

    path = chosen_model(config)
    try:
        from engine.mlx.engine import MlxEngine, MlxOptions
    except ImportError as error:
        raise ModelUnusable(
            f"engine mlx is not installed here ({error.name} is missing): "
            "pip install 'modeshare[mlx]', or use --engine llama"
        ) from error
    options = MlxOptions(
        context=config.context,
        slots=config.slots,
        cache=None if config.cache is None else config.cache * _MIB,
        batch=config.batch,
        kv_bits=8 if config.kv == "q8_0" else None,
        memo=memo,
    )
    return MlxEngine(path, options, on_progress, on_tuning)


def open_server(config: Config, memo: Path | None, on_progress: Progress) -> RemoteEngine:
    """The engine on the server that is named. Raises `ModelUnusable`, `LoadCancelled`."""
    from engine.remote.engine import RemoteEngine, RemoteOptions
    from tui.core.exporting import exporter
    from tui.core.paths import adapters_dir, data_dir

    data = memo.parent if memo else data_dir()
    options = RemoteOptions(
        model=config.server_model,
        key=None if config.server_key is None else str(config.server_key),
        tls=config.server_tls,
        context=config.context,
        slots=config.slots,
        base=config.server_base,
        memo=memo,
        folder=config.server_folder or adapters_dir(data),
        export=exporter(),
    )
    assert config.server is not None, "chosen_engine has looked"
    return RemoteEngine(config.server, options, on_progress)
