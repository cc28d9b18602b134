"""No password is shown, however a connection string is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.secret import Secret, without_password


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        (
            "postgresql://me:pw@host:5432/db?sslmode=require",
            "postgresql://me:***@host:5432/db?sslmode=require",
        ),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("postgres://me:p@ss/w:rd@host/db", "postgres://me:***@host/db"),
        ("postgresql:///db?user=me&password=pw&host=h", "postgresql:///db?user=me&password=***&host=h"),
        ("postgresql://me@h/db?sslpassword=pw", "postgresql://me@h/db?sslpassword=***"),
        ("host=h password=pw&x dbname=d", "host=h password=*** dbname=d"),
        ("host=h password = 'a \\' b' dbname=d", "host=h password = *** dbname=d"),
        ("host=h PASSWORD='never closed", "host=h PASSWORD=***"),
        ("password=a\\ b user=me", "password=*** user=me"),
    ],
)
def test_the_password_is_masked_and_the_rest_is_told(dsn: str, shown: str) -> None:
    assert without_password(dsn) == shown
    assert Secret(dsn).shown == shown
    assert repr(Secret(dsn)) == repr(shown)


def test_a_key_shows_nothing_but_that_it_is_there() -> None:
    assert Secret("sk-123").shown == "***"


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=8).map("§".join))
def test_no_password_is_ever_seen(password: str) -> None:
    for dsn in (f"postgresql://me:{password}@host/db", f"host=h password={password} dbname=d"):
        assert password not in without_password(dsn)
