"""What may be written for a server, and which ways to it are refused."""

from __future__ import annotations

import pytest

from engine.contract import ModelUnusable
from engine.remote.address import Address


@pytest.mark.parametrize(
    ("written", "root"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:8080/v1/", "http://localhost:8080"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("llm.example.org", "https://llm.example.org"),
        ("https://llm.example.org/proxy/v1", "https://llm.example.org/proxy"),
        ("llm.example.org:8000/v1", "https://llm.example.org:8000"),
    ],
)
def test_an_address_is_encrypted_unless_it_is_this_machine(written: str, root: str) -> None:
    address = Address.of(written)
    assert (address.root, address.api) == (root, f"{root}/v1")


def test_another_machine_in_the_clear_is_refused_until_it_is_allowed() -> None:
    with pytest.raises(ModelUnusable, match="server_tls = false"):
        Address.of("http://10.0.0.7:8000")
    assert Address.of("http://10.0.0.7:8000", tls=False).root == "http://10.0.0.7:8000"
    assert Address.of("10.0.0.7:8000", tls=False).root == "http://10.0.0.7:8000"


@pytest.mark.parametrize("written", ["", "ftp://host", "http://", "http://host:port", "http://[bad", "a b"])
def test_what_is_no_address_is_said_to_be_none(written: str) -> None:
    with pytest.raises(ModelUnusable, match="no address"):
        Address.of(written)


@pytest.mark.parametrize("user", ["me", ""])
def test_a_password_in_an_address_is_refused_and_not_repeated(user: str) -> None:
    with pytest.raises(ModelUnusable) as refused:
        Address.of(f"http://{user}:secret@127.0.0.1:1")
    assert "secret" not in str(refused.value)
    assert "MODESHARE_SERVER_KEY" in str(refused.value)
