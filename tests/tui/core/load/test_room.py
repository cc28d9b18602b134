"""Which context a load is opened with, before a model is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract import ModelUnusable
from tests.engine.tiny import TRAINED
from tests.tui.small import Small
from tui.core.config import Config
from tui.core.load import room
from tui.core.load.room import Room, room_for
from tui.core.load.spec import Wanted


@pytest.fixture
def config(small: Small) -> Config:
    return Config(model=small.model, engine="llama")


def test_short_conversations_get_a_short_context(config: Config) -> None:
    assert room_for(config, Wanted((1, 8)), 32) == Room(
        TRAINED, 8, f"the model was trained on {TRAINED:,} tokens"
    )


def test_a_depth_gets_room_for_itself_and_its_answer_in_whole_blocks(config: Config) -> None:
    assert room_for(config, Wanted((2,), 400), 32) == Room(512, 2)


def test_a_depth_beyond_what_the_model_was_trained_on_is_scaled_to_that(config: Config) -> None:
    found = room_for(config, Wanted((8,), 32_768), 32)
    assert found == Room(TRAINED, 8, "the model was trained on 1,024 tokens")


def test_a_depth_beyond_the_memory_is_scaled_to_what_fits(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_free", lambda _engine, _gpu_layers: 8_000_000)
    found = room_for(config, Wanted((8,), 32_768), 32)
    assert found.context is not None
    assert 256 <= found.context < TRAINED
    assert found.why == (f"8 at once fit 80 % of the memory that is free with {found.context:,} tokens each")


def test_a_context_that_was_asked_for_is_kept(config: Config) -> None:
    asked = config.with_flags(context=768)
    assert room_for(asked, Wanted((4,), 32_768), 32) == Room(768, 4, "a context of 768 tokens was asked for")


def test_a_server_is_as_it_is() -> None:
    config = Config(server="127.0.0.1:9")
    assert room_for(config, Wanted((16,), 32_768), 32) == Room(None, None)


def test_a_model_that_cannot_be_planned_is_left_to_the_engine(tmp_path: Path) -> None:
    (tmp_path / "odd.gguf").write_bytes(b"GGUF")
    config = Config(model=tmp_path / "odd.gguf", engine="llama")
    assert room_for(config, Wanted((2,), 512), 32) == Room(None, 2, "its memory cannot be planned")


def test_without_a_model_there_is_nothing_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.core.models.starter_model", lambda: None)
    with pytest.raises(ModelUnusable, match="no model"):
        room_for(Config(engine="llama"), Wanted((2,)), 32)
