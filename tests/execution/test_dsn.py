"""Database URLs: what is read from them, what is refused, and that the password never shows."""

from __future__ import annotations

import pytest

from db_migrate.postgres.dsn import Dsn, Secret, display_host, parse, redact, refuse_transaction_pooler
from db_migrate_tools.ports import Refused

CANARY = "k4n-ARY!pass"


def parsed(text: str) -> Dsn:
    return parse(text, {})


@pytest.mark.parametrize(
    ("text", "hosts", "user", "database", "password"),
    [
        ("postgresql://u:p%40ss@db.example:5433/app", (("db.example", 5433),), "u", "app", "p@ss"),
        ("postgres://u:p@ss#1@db.example/app", (("db.example", 5432),), "u", "app", "p@ss#1"),
        ("POSTGRESQL://db.example", (("db.example", 5432),), None, None, None),
        ("postgresql://u@/app?host=/run/pg&port=5444", (("/run/pg", 5444),), "u", "app", None),
        ("postgresql://u@%2Frun%2Fpg/app", (("/run/pg", 5432),), "u", "app", None),
        ("postgresql://u@[::1]:5433,b:5434/app", (("::1", 5433), ("b", 5434)), "u", "app", None),
        ("postgresql:///app?user=u&password=x", (), "u", "app", "x"),
        ("host=a,b port=1,2 user=u dbname=app", (("a", 1), ("b", 2)), "u", "app", None),
        (r"host='/run/pg' user=u password='it\'s a \\'", (("/run/pg", 5432),), "u", None, "it's a \\"),
        ("port=5433 dbname=app", (("localhost", 5433),), None, "app", None),
    ],
)
def test_urls_and_pairs_are_read(
    text: str, hosts: tuple[tuple[str, int], ...], user: str | None, database: str | None, password: str | None
) -> None:
    dsn = parsed(text)
    assert (dsn.hosts, dsn.user, dsn.database) == (hosts, user, database)
    assert (dsn.password.reveal() if dsn.password else None) == password


def test_the_default_port_is_the_one_that_psql_would_take() -> None:
    assert parse("postgresql://db.example/app", {"PGPORT": "6000"}).port == 6000
    assert (parsed("postgresql:///app").host, parsed("postgresql:///app").port) == ("localhost", 5432)


def test_parameters_of_other_clients_are_dropped_and_those_of_tls_kept() -> None:
    dsn = parsed(
        "postgresql://a/b?sslmode=require&pgbouncer=true&schema=public&channel_binding=require&connect_timeout=3"
    )
    assert dsn.parameters == {"sslmode": "require", "connect_timeout": "3"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("mysql://u:" + CANARY + "@h/d", "begins with mysql://"),
        ("postgresql://u:ab/" + CANARY + "@h/d", "characters that end it early"),
        ("postgresql://u:" + CANARY + "@h:port/d", "cannot be read"),
        ("postgresql://u:" + CANARY + "@h:99999/d", "cannot be read"),
        ("postgresql://u:" + CANARY + "%ff@h/d", "cannot be read"),
        ("postgresql://u:[YOUR-PASSWORD]@h/d", "placeholder"),
        ("postgresql://u:" + CANARY + "@h/d?sslmod=require", "unknown TLS parameter, sslmod"),
        ("password=" + CANARY + " nonsense", "neither"),
        ("host=h port=x password=" + CANARY, "not a number"),
        ("postgresql://u@h/d\x00", "NUL"),
    ],
)
def test_what_is_no_database_url_is_refused_without_being_repeated(text: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        parsed(text)
    assert why in caught.value.reason
    assert CANARY not in repr(caught.value)


def test_nothing_that_is_printed_shows_the_password() -> None:
    text = f"postgresql://u:{CANARY}@db.example:5433/app?sslpassword={CANARY}"
    dsn = parsed(text)
    for shown in (repr(dsn), str(dsn), f"{dsn.password}", repr(Secret(CANARY)), display_host(text), display_host(dsn)):
        assert CANARY not in shown
    assert display_host(text) == "db.example:5433"
    assert display_host("postgresql://u@/app?host=/run/pg") == "/run/pg"
    assert display_host(Dsn()) == "localhost"


def test_a_password_is_redacted_in_either_spelling() -> None:
    dsn = parsed("postgresql://u:p%40ss%2Fw@h/d")
    assert redact("got p@ss/w and p%40ss%2Fw and p%40ss/w", dsn) == "got ••• and ••• and •••"
    assert redact("untouched", Dsn()) == "untouched"


@pytest.mark.parametrize("host", ["aws-0-eu-central-1.pooler.supabase.com", "db.abc.supabase.co"])
def test_supabase_s_transaction_pooler_is_refused_with_the_remedy(host: str) -> None:
    with pytest.raises(Refused, match="pooler in transaction mode") as caught:
        refuse_transaction_pooler(parsed(f"postgresql://u:{CANARY}@{host}:6543/postgres"))
    assert "5432" in caught.value.remedy
    refuse_transaction_pooler(parsed(f"postgresql://u@{host}:5432/postgres"))
    refuse_transaction_pooler(parsed("postgresql://u@db.example:6543/postgres"))
