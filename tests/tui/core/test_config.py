from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path

import pytest

from tui.core.config import Config, ConfigError, Setting, settings, unknown_variables

EVERY_VARIABLE = {
    "MODESHARE_MODEL": "/m.gguf",
    "MODESHARE_ENGINE": "llama",
    "MODESHARE_SERVER": "host:8000",
    "MODESHARE_SERVER_MODEL": "m",
    "MODESHARE_SERVER_KEY": "sk",
    "MODESHARE_SERVER_TLS": "no",
    "MODESHARE_SERVER_BASE": "/b.gguf",
    "MODESHARE_SERVER_FOLDER": "/shared/adapters",
    "MODESHARE_CONTEXT": "4096",
    "MODESHARE_THREADS": "2",
    "MODESHARE_BATCH": "128",
    "MODESHARE_FLASH_ATTENTION": "off",
    "MODESHARE_KV": "q8_0",
    "MODESHARE_TUNE": "false",
    "MODESHARE_GPU_LAYERS": "-1",
    "MODESHARE_SLOTS": "3",
    "MODESHARE_CACHE": "0",
    "MODESHARE_MODE": "legal * 0.7 + coding*0.3",
    "MODESHARE_MEMORY": "postgres",
    "MODESHARE_MEMORY_SERVER": "postgresql://me:pw@host/db",
    "MODESHARE_MEMORY_TABLE": "archive.memories",
    "MODESHARE_MEMORY_VECTORS": "bge-large",
    "MODESHARE_EMBEDDER": "http://host:8003/embed",
    "MODESHARE_EMBEDDER_MODEL": "bge-large",
    "MODESHARE_EMBEDDER_KEY": "k",
    "MODESHARE_THEME": "nord",
    "MODESHARE_ASCII": "1",
    "MODESHARE_MOUSE": "false",
    "MODESHARE_HISTORY": "no",
    "MODESHARE_KEYS": "fold=f2; send = enter,ctrl+s",
}
EVERY_VALUE = {
    "model": Path("/m.gguf"),
    "engine": "llama",
    "server": "host:8000",
    "server_model": "m",
    "server_key": "sk",
    "server_tls": False,
    "server_base": Path("/b.gguf"),
    "server_folder": Path("/shared/adapters"),
    "context": 4096,
    "threads": 2,
    "batch": 128,
    "flash_attention": False,
    "kv": "q8_0",
    "tune": False,
    "gpu_layers": -1,
    "slots": 3,
    "cache": 0,
    "mode": "legal*0.7+coding*0.3",
    "memory": "postgres",
    "memory_server": "postgresql://me:pw@host/db",
    "memory_table": "archive.memories",
    "memory_vectors": "bge-large",
    "embedder": "http://host:8003/embed",
    "embedder_model": "bge-large",
    "embedder_key": "k",
    "theme": "nord",
    "ascii": True,
    "mouse": False,
    "history": False,
    "keys": {"fold": "f2", "send": "enter,ctrl+s"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_file_or_variables_the_defaults_hold(file: Path) -> None:
    config = Config.load(file, {})
    assert config == Config()
    assert (config.model, config.engine, config.mode) == (None, None, "base")
    assert (config.context, config.threads, config.gpu_layers, config.theme, config.ascii) == (None,) * 5


def test_the_file_gives_every_setting(file: Path) -> None:
    file.write_text(
        'model = "/m.gguf"\nengine = "llama"\ncontext = 4096\nthreads = 2\ngpu_layers = -1\n'
        'server = "host:8000"\nserver_model = "m"\nserver_key = "sk"\nserver_tls = false\n'
        'server_base = "/b.gguf"\nserver_folder = "/shared/adapters"\n'
        'batch = 128\nflash_attention = false\nkv = "q8_0"\ntune = false\nslots = 3\ncache = 0\n'
        'mode = "legal*0.7 + coding*0.3"\ntheme = "nord"\nascii = true\n'
        'memory = "postgres"\nmemory_server = "postgresql://me:pw@host/db"\n'
        'memory_table = "archive.memories"\nmemory_vectors = "bge-large"\n'
        'embedder = "http://host:8003/embed"\nembedder_model = "bge-large"\nembedder_key = "k"\n'
        'mouse = false\nhistory = false\nkeys = { fold = "f2", send = "enter,ctrl+s" }\n'
    )
    file.chmod(0o600)
    assert asdict(Config.load(file, {})) == EVERY_VALUE


def test_variables_give_every_setting(file: Path) -> None:
    assert asdict(Config.load(file, EVERY_VARIABLE)) == EVERY_VALUE


def test_flags_give_every_setting() -> None:
    assert asdict(Config().with_flags(**EVERY_VALUE)) == EVERY_VALUE


def test_variables_stand_above_the_file_and_flags_above_both(file: Path) -> None:
    file.write_text("context = 1000\nthreads = 1\ngpu_layers = 1\n")
    variables = {"MODESHARE_CONTEXT": "2000", "MODESHARE_THREADS": "2"}
    config = Config.load(file, variables).with_flags(context=3000, threads=None, mode=None)
    assert (config.context, config.threads, config.gpu_layers, config.mode) == (3000, 2, 1, "base")


def test_a_value_equal_to_the_default_still_stands_above_the_file(file: Path) -> None:
    file.write_text('mode = "legal"\n')
    assert Config.load(file, {"MODESHARE_MODE": "base"}).mode == "base"
    assert Config.load(file, {}).with_flags(mode="off").mode == "base"


def test_an_empty_variable_counts_as_not_set(file: Path) -> None:
    assert Config.load(file, dict.fromkeys(EVERY_VARIABLE, "")) == Config()


def test_false_is_a_value_and_not_an_absence(file: Path) -> None:
    file.write_text("ascii = true\n")
    assert Config.load(file, {"MODESHARE_ASCII": "false"}).ascii is False
    assert Config.load(file, {}).with_flags(ascii=False).ascii is False


def test_home_is_expanded_wherever_the_path_is_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    file.write_text('model = "~/m.gguf"\n')
    expected = Path("/home/someone/m.gguf")
    assert Config.load(file, {}).model == expected
    assert Config.load(file, {"MODESHARE_MODEL": "~/m.gguf"}).model == expected
    assert Config().with_flags(model=Path("~/m.gguf")).model == expected


def test_a_relative_model_starts_from_the_file_but_otherwise_from_the_working_directory(file: Path) -> None:
    file.write_text('model = "models/m.gguf"\n')
    assert Config.load(file, {}).model == file.parent / "models" / "m.gguf"
    assert Config.load(file, {"MODESHARE_MODEL": "models/m.gguf"}).model == Path("models/m.gguf")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("context = \n", "not valid TOML: Invalid value (at line 1, column 11)"),
        ("context = 255\n", "context: found 255, expected at least 256"),
        ('context = "4096"\n', 'context: found "4096", expected a whole number'),
        ("threads = 0\n", "threads: found 0, expected at least 1"),
        ("threads = true\n", "threads: found true, expected a whole number"),
        ("gpu_layers = -2\n", "gpu_layers: found -2, expected at least -1"),
        ("slots = 0\n", "slots: found 0, expected at least 1"),
        ("cache = -1\n", "cache: found -1, expected at least 0"),
        ("ascii = 1\n", "ascii: found 1, expected true or false"),
        ('engine = "onnx"\n', "engine: found \"onnx\", expected 'llama', 'mlx' or 'remote'"),
        ("model = 3\n", "model: found 3, expected a path in quotes"),
        ('model = ""\n', 'model: found "", expected the path of a file'),
        ('model = "~nobody-of-this-name/m"\n', "expected a path whose ~ is a known home directory"),
        ('memory = "cloud"\n', "memory: found \"cloud\", expected 'local', 'postgres' or 'off'"),
        ('memory_table = " "\n', 'memory_table: found " ", expected a name'),
        (
            'embedder = "http:///embed"\n',
            "expected local, off, or the http(s) address of an embedding service",
        ),
        ('embedder = "http://[::1"\n', "expected local, off, or the http(s) address of an embedding service"),
        ('embedder = "bge"\n', "expected local, off, or the http(s) address of an embedding service"),
        ('mode = "legal*x"\n', 'mode: found "legal*x", expected a mode or blend'),
        ("contxt = 4096\n", "contxt: unknown field (did you mean context?)"),
        ("threads = 0\ncontext = 1\n", "context: found 1, expected at least 256; threads: found 0"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_field(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        Config.load(file, {})
    assert str(refused.value).startswith(f"{file}: ")
    assert complaint in str(refused.value)


def test_a_file_that_is_not_utf_8_is_refused(file: Path) -> None:
    file.write_bytes(b'theme = "\xff"\n')
    with pytest.raises(ConfigError, match=r"config\.toml: not UTF-8 text \(line 1\)"):
        Config.load(file, {})


def test_a_file_that_cannot_be_read_is_refused(file: Path) -> None:
    file.mkdir()
    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read \(Is a directory\)"):
        Config.load(file, {})


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"MODESHARE_CONTEXT": "many"}, 'MODESHARE_CONTEXT: found "many", expected a whole number'),
        ({"MODESHARE_CONTEXT": "1"}, 'MODESHARE_CONTEXT: found "1", expected at least 256'),
        ({"MODESHARE_GPU_LAYERS": "-2"}, 'MODESHARE_GPU_LAYERS: found "-2", expected at least -1'),
        ({"MODESHARE_ASCII": "maybe"}, 'MODESHARE_ASCII: found "maybe", expected true or false'),
        ({"MODESHARE_ENGINE": "x"}, "MODESHARE_ENGINE: found \"x\", expected 'llama'"),
        ({"MODESHARE_MODE": "a+a"}, 'MODESHARE_MODE: found "a+a", expected a mode or blend (cannot read'),
    ],
)
def test_a_bad_variable_is_refused_by_its_name(
    file: Path, variables: Mapping[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Config.load(file, variables)
    assert complaint in str(refused.value)


def test_a_bad_flag_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match=r"^--gpu-layers: found -2, expected at least -1$"):
        Config().with_flags(gpu_layers=-2)


def test_a_bad_value_is_refused_even_where_another_stands_above_it(file: Path) -> None:
    file.write_text("context = 1\n")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        Config.load(file, {"MODESHARE_CONTEXT": "4096"})


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().context = 4096  # type: ignore[misc]  # the very mistake under test


def test_an_unknown_variable_is_a_warning_with_the_nearest_name(file: Path) -> None:
    environ = {"MODESHARE_MODLE": "x", "MODESHARE_QQQQQQQQ": "x", "PATH": "/bin"}
    assert Config.load(file, environ) == Config()
    near, far = unknown_variables(environ)
    assert near.startswith("MODESHARE_MODLE: no such variable, it changes nothing (did you mean ")
    assert near.endswith("MODESHARE_MODEL?)")
    assert far == "MODESHARE_QQQQQQQQ: no such variable, it changes nothing"


def test_variables_with_a_meaning_of_their_own_are_left_alone(file: Path) -> None:
    others = {"MODESHARE_CONFIG_DIR": "/c", "MODESHARE_DATA_DIR": "/d", "MODESHARE_DEBUG": "1"}
    assert unknown_variables(others | EVERY_VARIABLE) == ()
    assert Config.load(file, others) == Config()


def test_each_setting_is_listed_with_where_it_is_from(file: Path) -> None:
    file.write_text('context = 1000\nthreads = 1\nmodel = "m.gguf"\ngpu_layers = 3\n')
    variables = {"MODESHARE_THREADS": "2", "MODESHARE_GPU_LAYERS": "4"}
    flags = {"gpu_layers": 5, "theme": None}
    listed = settings(file, variables, flags)
    assert listed == (
        Setting("model", file.parent / "m.gguf", str(file)),
        Setting("engine", None, "default"),
        Setting("server", None, "default"),
        Setting("server_model", None, "default"),
        Setting("server_key", None, "default"),
        Setting("server_tls", True, "default"),
        Setting("server_base", None, "default"),
        Setting("server_folder", None, "default"),
        Setting("context", 1000, str(file)),
        Setting("threads", 2, "MODESHARE_THREADS"),
        Setting("batch", None, "default"),
        Setting("flash_attention", None, "default"),
        Setting("kv", "f16", "default"),
        Setting("tune", True, "default"),
        Setting("gpu_layers", 5, "--gpu-layers"),
        Setting("slots", None, "default"),
        Setting("cache", None, "default"),
        Setting("mode", "base", "default"),
        Setting("memory", "local", "default"),
        Setting("memory_server", None, "default"),
        Setting("memory_table", "thermal_memory_archive", "default"),
        Setting("memory_vectors", None, "default"),
        Setting("embedder", None, "default"),
        Setting("embedder_model", None, "default"),
        Setting("embedder_key", None, "default"),
        Setting("theme", None, "default"),
        Setting("ascii", None, "default"),
        Setting("mouse", True, "default"),
        Setting("history", True, "default"),
        Setting("keys", {}, "default"),
    )
    config = Config.load(file, variables).with_flags(**flags)
    assert {setting.name: setting.value for setting in listed} == asdict(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server_key", "sesame"),
        ("embedder_key", "sesame"),
        ("memory_server", "postgresql://me:sesame@host/db"),
        ("memory_server", "host=h password=sesame"),
        ("embedder", "https://me:sesame@host/embed"),
    ],
)
def test_a_secret_in_a_file_that_others_can_read_is_refused_and_not_shown(
    file: Path, name: str, value: str
) -> None:
    file.write_text(f'{name} = "{value}"\n')
    file.chmod(0o644)
    told = f"others can read {name}: chmod 600 {re.escape(str(file))}, or MODESHARE_{name.upper()}"
    with pytest.raises(ConfigError, match=told) as refused:
        Config.load(file, {})
    assert "sesame" not in str(refused.value)
    file.chmod(0o600)
    assert getattr(Config.load(file, {}), name) == value
    assert "sesame" not in repr(Config.load(file, {}))


def test_an_address_without_a_secret_may_stand_in_a_file_that_others_can_read(file: Path) -> None:
    file.write_text('memory_server = "postgresql://me@host/db"\nembedder = "http://host:8003/embed"\n')
    file.chmod(0o644)
    assert Config.load(file, {}).memory_server == "postgresql://me@host/db"


def test_keys_that_cannot_be_read_are_told_with_an_example(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"MODESHARE_KEYS: .* pairs such as fold=f2; send=ctrl\+s"):
        Config.load(file, {"MODESHARE_KEYS": "fold"})
    file.write_text("keys = 3\n")
    with pytest.raises(ConfigError, match="keys: found 3, expected a table"):
        Config.load(file, {})


@pytest.mark.parametrize("wrong", ["hunter2", "mysql://me:hunter2@host/db", ["hunter2"], {"a": "hunter2"}])
@pytest.mark.parametrize("name", ["memory_server", "embedder_key"])
def test_a_secret_that_is_wrong_is_told_without_being_shown(file: Path, wrong: object, name: str) -> None:
    if name == "embedder_key" and isinstance(wrong, str):
        return
    with pytest.raises(ConfigError) as refused:
        Config().with_flags(**{name: wrong})
    assert str(refused.value).startswith(f"--{name.replace('_', '-')}: expected ")
    assert "hunter2" not in str(refused.value)


def test_secrets_are_listed_and_printed_without_what_is_secret(file: Path) -> None:
    variables = {"MODESHARE_MEMORY_SERVER": "postgresql://me:hunter2@host/db", "MODESHARE_EMBEDDER_KEY": "k1"}
    listed = {one.name: one.value for one in settings(file, variables)}
    assert listed["memory_server"] == "postgresql://me:***@host/db"
    assert listed["embedder_key"] == "***"
    config = Config.load(file, variables)
    assert "hunter2" not in repr(config) and "k1" not in repr(config)
    assert config.memory_server == "postgresql://me:hunter2@host/db"


def test_a_password_in_the_embedders_address_is_used_and_not_shown(tmp_path: Path) -> None:
    address = "http://bob:pass%2Fw0rd@host:8003/embed"
    environ = {"MODESHARE_EMBEDDER": address}
    listed = {one.name: one.value for one in settings(tmp_path / "none.toml", environ)}
    assert listed["embedder"] == "http://bob:***@host:8003/embed"
    assert str(Config.load(tmp_path / "none.toml", environ).embedder) == address
    with pytest.raises(ConfigError) as told:
        Config.load(tmp_path / "none.toml", {"MODESHARE_EMBEDDER": "ftp://bob:w0rd@host/embed"})
    assert "w0rd" not in str(told.value)
