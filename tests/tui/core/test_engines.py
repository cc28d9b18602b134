"""Which engine runs the model, by settings and machine."""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path

import pytest

from engine.contract import ModelUnusable
from tests.engine.remote.replaying import DONE, Answer, Replay, piece, replaying
from tui.core import models
from tui.core.config import Config, ConfigError
from tui.core.engines import check_chosen, chosen_engine, expected_name, open_engine


def test_what_is_named_holds() -> None:
    assert chosen_engine(Config(engine="llama", server="host")) == "llama"
    assert chosen_engine(Config(engine="mlx")) == "mlx"
    assert chosen_engine(Config(engine="remote", server="host")) == "remote"


def test_a_server_that_is_named_is_meant_and_without_one_it_is_llama() -> None:
    assert chosen_engine(Config(server="host")) == "remote"
    assert chosen_engine(Config()) == "llama"


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (Config(server="host:8000"), "host:8000"),
        (Config(server="https://me:secret@host/v1"), "host/v1"),
        (Config(server="host", server_model="llama-70b"), "llama-70b"),
        (Config(server="host", engine="llama", model=Path("a/some.model.gguf")), "some.model"),
        (Config(model=Path("a/Qwen2.5-32B-4bit")), "Qwen2.5-32B-4bit"),
    ],
)
def test_before_a_model_tells_its_name_it_is_called_by_where_it_is(config: Config, name: str) -> None:
    assert expected_name(config) == name


def test_a_remote_engine_without_a_server_is_told_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match="--server or MODESHARE_SERVER"):
        check_chosen(Config(engine="remote"))


def test_on_apple_silicon_a_directory_is_for_mlx_where_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "mlx" or None)
    assert chosen_engine(Config(model=tmp_path)) == "mlx"
    assert chosen_engine(Config(model=tmp_path / "m.gguf")) == "llama"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert chosen_engine(Config(model=tmp_path)) == "llama"


def test_mlx_that_is_not_there_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "engine.mlx.engine", None)
    with pytest.raises(ModelUnusable, match=r"engine mlx .* missing.*modeshare\[mlx\].*--engine llama"):
        open_engine(Config(engine="mlx", model=tmp_path), None, lambda _fraction: True)


def test_a_server_needs_no_model_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_STARTER_PACKAGE", "no_such_package")
    check_chosen(Config(server="host"))


def test_settings_reach_the_server(tmp_path: Path) -> None:
    replay = Replay().chat(Answer([piece("hi", "stop"), DONE]))
    with replaying(replay) as served:
        config = Config().with_flags(server=served.url, server_key="sesame", server_model="m", context=777)
        engine = open_engine(config, tmp_path / "models.json", lambda _fraction: True)
        assert (engine.info.name, engine.info.context) == ("m", 777)
        engine.close()
    assert replay.asked[0][2]["Authorization"] == "Bearer sesame"
