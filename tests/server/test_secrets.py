"""Redaction: what is a secret goes, what only speaks of one stays."""

from __future__ import annotations

import logging

import pytest
from pydantic import JsonValue

from db_migrate.secrets import RedactingFormatter, redact, redact_exact, redact_json

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


@pytest.mark.parametrize("hide", [redact, redact_exact])
@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgres://u:pw@h/d", "postgres://u:•••@h/d"),
        ("'postgresql://u:p@w:x@h:5432/d'", "'postgresql://u:•••@h:5432/d'"),
        ("redis://:pw@h", "redis://:•••@h"),
        ("host=h user=u password=pw dbname=d", "host=h user=u password=••• dbname=d"),
        ("password=pw host=h", "password=••• host=h"),
        (f"Bearer {JWT}.", "Bearer •••."),
        ("postgres://u@h/d and https://h/a", "postgres://u@h/d and https://h/a"),
    ],
)
def test_passwords_of_connections_and_web_tokens_are_hidden_everywhere(hide: object, text: str, hidden: str) -> None:
    assert callable(hide)
    assert hide(text) == hidden


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users SET password = 'x' WHERE id = 1",
        "COMMENT ON TABLE t IS 'password=\"x\"'",
        "SELECT * FROM t WHERE user=1 AND password=secret",
        "CREATE TABLE t (password text, secret text)",
    ],
)
def test_sql_that_speaks_of_passwords_stays_as_it_is(sql: str) -> None:
    assert redact_exact(sql) == sql


@pytest.mark.parametrize("text", ["password=pw", "PASSWORD: 'pw x'", 'secret = "pw"', "PGPASSWORD=pw"])
def test_pairs_are_hidden_in_other_text(text: str) -> None:
    assert "pw" not in redact(text)


def test_json_is_redacted_string_by_string() -> None:
    value: JsonValue = {
        "report": {"operations": [{"sql": "SET x = 'password=\"p\"'", "ms": 1.5}, {"sql": "postgres://u:pw@h"}]},
        "reason": 'password="pw"',
        "ok": True,
        "none": None,
    }
    assert redact_json(value) == {
        "report": {"operations": [{"sql": "SET x = 'password=\"p\"'", "ms": 1.5}, {"sql": "postgres://u:•••@h"}]},
        "reason": "password=•••",
        "ok": True,
        "none": None,
    }


def test_log_records_are_redacted_with_their_tracebacks() -> None:
    formatter = RedactingFormatter("%(message)s")
    with pytest.raises(ValueError, match="canary") as caught:
        int("postgres://u:canary@h/d")
    info = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "got %s", ("password=canary",), info)
    assert "canary" not in formatter.format(record)


@pytest.mark.parametrize("part", ["y", "://a:", "host=", "password=", "eyJaaaaaaaaaaaa-"])
def test_long_text_without_spaces_is_read_in_bounded_time(part: str) -> None:
    # Quadratic reading would take minutes here, not fail.
    assert redact(part * (100_000 // len(part)))
