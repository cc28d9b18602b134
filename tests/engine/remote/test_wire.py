"""What environment and settings say of the way to a server: passed over, or told where it is of no use."""

from __future__ import annotations

import pytest

from engine.contract import ModelUnusable
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.remote.conftest import Replayed
from tests.engine.remote.replaying import DONE, Answer, piece

GOOD = Answer([piece("Hello", "stop"), DONE])
PROXIES = ["socks://127.0.0.1:1", "socks5://127.0.0.1:1", "http://127.0.0.1:port"]
#: It never comes to asking for this name.
ELSEWHERE = "https://llm.invalid"


def told(server: str, **options: object) -> str:
    with pytest.raises(ModelUnusable) as error:
        RemoteEngine(server, RemoteOptions(**options), lambda _fraction: True)  # type: ignore[arg-type]
    return str(error.value)


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_of_the_environment_is_nothing_to_a_server_on_this_machine(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    engine, _ = replayed(GOOD)
    assert engine.info.name == "m"


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_that_cannot_be_used_is_told_as_one(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    assert "the proxy that the environment names" in told(ELSEWHERE)


def test_authorities_that_cannot_be_read_are_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authority.pem")
    assert "SSL_CERT_FILE" in told(ELSEWHERE)


@pytest.mark.parametrize("key", ["sesame\n", "sesamé"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(key: str) -> None:
    refused = told("127.0.0.1:9", key=key)
    assert "MODESHARE_SERVER_KEY" in refused
    assert "sesam" not in refused


def test_a_key_is_not_shown_with_the_options_that_hold_it() -> None:
    assert "sesame" not in repr(RemoteOptions(key="sesame"))
