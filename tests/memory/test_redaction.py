"""What is a secret goes, what only looks like one stays, and no text takes long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.redaction import MARK, redacted

_PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n"
    "MIIEowIBAAKCAQEA7bq+\nabcd/efg==\n-----END RSA PRIVATE KEY-----"
)
_CUT_PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v\nAAAAAAAAABAAAAMwAAAA"
SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0123456789_abcdefghij",
    "glpat-abcdefghij0123456789",
    "sk-abcdefghijklmnopqrstT3BlbkFJabcdefghijklmnopqrst",
    "sk-proj-Ab1Ab1Ab1Ab1Ab1Ab1Ab1Ab1_x-y",
    "sk-ant-api03-abcdefghijklmnop",
    "sk_live_abcdefghijklmnop01234567",
    "xoxb-123456789012-abcdefGHIJKL",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fw",
    _PEM,
    _CUT_PEM,
    "123-45-6789",
    "4111 1111 1111 1111",
    "5500-0000-0000-0004",
    "378282246310005",
]
NAMED = [
    ("password = hunter2000", "hunter2000"),
    ("password: correct-horse", "correct-horse"),
    ("Password: swordfish", "swordfish"),
    ("passwd='a b c d'", "a b c d"),
    ('"api_key": "0123abcd"', "0123abcd"),
    ("export SECRET_KEY=abc123def", "abc123def"),
    ("client_secret => zzz999", "zzz999"),
    (r"password = 'C:\topsecret\'", "topsecret"),
    ("PGPASSWORD=topsecret1 psql -h db", "topsecret1"),
    ('{"userPassword": "topsecret1"}', "topsecret1"),
    (r'{"password": "hun\"ter2\\000"}', "ter2"),
    (r"password: 'hun\'ter2000'", "ter2000"),
    ("access_token=abcdefgh&user=bob", "abcdefgh"),
    ("postgres://ganuda:s3cret@db.example:5432/memory", "s3cret"),
    ("redis://:p4ss@cache", "p4ss"),
    ("host=db user=x password=topsecret1 dbname=m", "topsecret1"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("curl -H 'Authorization: Bearer abcdefghijkl'", "abcdefghijkl"),
    ("a bearer abcdef.ghijkl.mnopqr0 was sent", "abcdef.ghijkl.mnopqr0"),
]
HARMLESS = [
    "38 CFR 3.303 and 38 CFR 4.130, DC 9411, since 2019-04-30",
    "fixed in commit 3f2a9c1b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a and 4f484cf",
    "The password policy says: change it every 90 days.",
    "the password: it must be changed",
    "the token is refreshed hourly; max_token: 4096, tokens: 123456789",
    "My secret: the sauce is butter",
    "call 555-867-5309 or 1-800-827-1000",
    "years 2000 2001 2002 2003, and 1700000000000 ms",
    "4111 1111 1111 1112 fails the check",
    "ISBN 978-3-16-148410-0, DOI 10.1000/182",
    "address 192.168.132.222:5432, version 1.24.3, https://example.org:8080/a@b",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "a bearer of responsibilities/obligations, basic understanding-of-things",
    "sk-cultural-heritage-project-long, task-force-of-twenty-people-2024",
    "password = None, secret = null, token = os.environ, password=$SECRET",
    "-----BEGIN PRIVATE KEY----- is how such a file begins",
    "000-12-3456 and 666-12-3456 and 123-45-67890 are nobody's",
    "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ 123-45 ᎠᏂᏴᏫᏯ",
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:14])
def test_a_secret_goes_and_what_stands_around_it_stays(secret: str) -> None:
    assert redacted(f"We use {secret}, since May.") == f"We use {MARK}, since May."
    assert redacted(f"{secret}\n") == f"{MARK}\n"


@pytest.mark.parametrize(("text", "secret"), NAMED, ids=[text[:20] for text, _secret in NAMED])
def test_what_is_called_a_secret_goes_and_its_name_stays(text: str, secret: str) -> None:
    done = redacted(text)
    assert secret not in done
    assert MARK in done
    assert done.startswith(text[:5])


def test_of_a_connection_everything_but_the_password_stays() -> None:
    assert redacted("postgres://u:p@h:1/d") == f"postgres://u:{MARK}@h:1/d"
    assert redacted("Server=x;Pwd=abc1;Database=y") == f"Server=x;Pwd={MARK};Database=y"


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:20])
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    if "begins" in text:
        assert redacted(text).endswith("is how such a file begins")
    else:
        assert redacted(text) == text


_PIECES = [*SECRETS, *(text for text, _secret in NAMED), " ", "=", ":", "\n"]


@settings(max_examples=40, deadline=None)
@given(st.text() | st.lists(st.sampled_from(_PIECES)).map("".join))
def test_doing_it_again_changes_nothing(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


_BEGINNINGS = [
    "-----BEGIN PRIVATE KEY-----", ".eyJaaaaaaaa", " sk-", "password", "a://b:", "1 ", "bearer a",
]  # fmt: skip


@pytest.mark.parametrize("piece", _BEGINNINGS, ids=range(len(_BEGINNINGS)))
def test_a_text_of_650_kilobytes_that_almost_matches_is_done(piece: str) -> None:
    # Without linear time this would not end within the patience of anybody.
    text = piece * (650_000 // len(piece))
    assert isinstance(redacted(text), str)
