"""An encrypted server is believed only with a certificate that somebody trusted has signed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.contract import ModelUnusable
from engine.remote.engine import RemoteEngine, RemoteOptions
from tests.engine.remote.replaying import Replay, replaying


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key, and the certificate that it has signed for itself, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", f"{file}.crt"]
    try:
        subprocess.run([*command, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl on this machine")
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


def test_a_certificate_of_nobody_is_refused_with_the_remedy(certificate: Path) -> None:
    with replaying(Replay(), certificate) as served, pytest.raises(ModelUnusable) as refused:
        RemoteEngine(served.url, RemoteOptions(), lambda _fraction: True)
    assert "certificate" in str(refused.value)
    assert "SSL_CERT_FILE" in str(refused.value)


def test_a_certificate_of_an_authority_that_is_named_is_believed(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with replaying(Replay(), certificate) as served:
        engine = RemoteEngine(served.url, RemoteOptions(), lambda _fraction: True)
        assert engine.info.name == "m"
        engine.close()
