"""A database URL: parsed, checked, and shown without its password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from db_migrate_tools.ports import Refused

SHAPE: Final = "Write it as postgresql://ROLE:PASSWORD@HOST:5432/DATABASE; in the password, percent-encode @ : / ? # %."
_SUPABASE: Final = (".pooler.supabase.com", ".supabase.co")
_PLACEHOLDER: Final = re.compile(r"\[[A-Z_-]*PASSWORD\]", re.IGNORECASE)
_PAIR: Final = re.compile(r"\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)")
_UNDERSTOOD: Final = frozenset(
    {
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "sslpassword",
        "sslnegotiation",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "passfile",
        "service",
        "options",
        "connect_timeout",
        "krbsrvname",
        "gsslib",
    }
)
_SSL_OF_OTHERS: Final = frozenset({"sslaccept", "sslidentity", "sslcompression", "sslsni", "sslcertmode", "ssl"})


class Secret:
    """A text that no repr, format or log shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself: only for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Dsn:
    """A parsed DSN. A host that begins with `/` is a directory of unix sockets; no hosts means libpq's defaults.
    `parameters` holds the connection parameters that asyncpg understands; the rest is dropped.
    """

    hosts: tuple[tuple[str, int], ...] = ()
    user: str | None = None
    database: str | None = None
    password: Secret | None = None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def host(self) -> str:
        """The first host, or `localhost`."""
        return self.hosts[0][0] if self.hosts else "localhost"

    @property
    def port(self) -> int:
        return self.hosts[0][1] if self.hosts else 5432


def parse(text: str, environ: Mapping[str, str] | None = None) -> Dsn:
    """A URL or a key=value connection string, parsed.

    Raises:
        Refused: It is neither; the message never repeats it.
    """
    text = text.strip()
    if not text:
        raise Refused("The database URL is empty.", SHAPE)
    if "\x00" in text:
        raise Refused("The database URL contains a NUL byte.", SHAPE)
    if _PLACEHOLDER.search(text):
        raise Refused("The database URL still has the placeholder for the password.", "Put the real password there.")
    default = (os.environ if environ is None else environ).get("PGPORT", "5432")
    if re.match(r"postgres(ql)?://", text, re.IGNORECASE):
        return _from_url(text, default)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if scheme:
        raise Refused(f"The database URL begins with {scheme[1]}://, which is not Postgres.", SHAPE)
    return _from_pairs(text, default)


def display_host(dsn: str | Dsn) -> str:
    """Where it leads, `host:port`, without role, password or parameters."""
    parsed = parse(dsn) if isinstance(dsn, str) else dsn
    if not parsed.hosts:
        return "localhost"
    return ", ".join(host if host.startswith("/") else f"{host}:{port}" for host, port in parsed.hosts)


def redact(text: str, dsn: Dsn) -> str:
    """The text without the DSN's password, in either spelling."""
    password = dsn.password.reveal() if dsn.password else ""
    for spelling in (password, quote(password), quote(password, safe="")):
        if len(spelling) >= 4:
            text = text.replace(spelling, "•••")
    return text


def refuse_transaction_pooler(dsn: Dsn) -> None:
    """Raises Refused for Supabase's transaction pooler, which its port gives away."""
    if any(port == 6543 and host.endswith(_SUPABASE) for host, port in dsn.hosts):
        raise transaction_pooler(display_host(dsn))


def transaction_pooler(where: str) -> Refused:
    """The refusal for any pooler that hands each transaction to another session."""
    return Refused(
        f"{where} is a pooler in transaction mode: settings and advisory locks would leak to other clients there.",
        "Use the direct connection or the session pooler (on Supabase: the same host on port 5432).",
    )


def _from_url(text: str, default_port: str) -> Dsn:
    rest = text.partition("://")[2]
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    path, _, query = rest[len(authority) :].partition("?")
    if "@" in path:
        raise Refused("The password in the database URL has characters that end it early.", SHAPE)
    credentials, _, hostlist = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    try:
        values = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict"))
        found = {
            "user": unquote(user, errors="strict"),
            "password": unquote(password, errors="strict"),
            "dbname": unquote(path.removeprefix("/"), errors="strict"),
        }
        hosts = _hosts(unquote(hostlist, errors="strict"), "", default_port)
    except ValueError:
        raise Refused("The database URL cannot be read.", SHAPE) from None
    return _dsn({**values, **{k: v for k, v in found.items() if v}}, hosts, default_port)


def _from_pairs(text: str, default_port: str) -> Dsn:
    values: dict[str, str] = {}
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            raise Refused("The database URL is neither a postgresql:// URL nor key=value pairs.", SHAPE)
        quoted = pair[2] if pair[2] is not None else pair[3]
        values[pair[1]] = re.sub(r"\\(.)", r"\1", quoted)
        at = pair.end()
    return _dsn(values, (), default_port)


def _dsn(values: Mapping[str, str], hosts: tuple[tuple[str, int], ...], default_port: str) -> Dsn:
    unknown = sorted(k for k in values if k.startswith("ssl") and k not in _UNDERSTOOD | _SSL_OF_OTHERS)
    if unknown:
        raise Refused(f"The database URL has an unknown TLS parameter, {unknown[0]}.", "Correct its spelling.")
    try:
        hosts = hosts or _hosts(values.get("host", values.get("hostaddr", "")), values.get("port", ""), default_port)
    except ValueError:
        raise Refused("The port in the database URL is not a number from 1 to 65535.", SHAPE) from None
    password = values.get("password")
    return Dsn(
        hosts=hosts,
        user=values.get("user") or None,
        database=values.get("dbname") or values.get("database") or None,
        password=Secret(password) if password else None,
        parameters={k: v for k, v in values.items() if k in _UNDERSTOOD and v},
    )


def _hosts(hostlist: str, ports: str, default_port: str) -> tuple[tuple[str, int], ...]:
    """`a,b:5433,[::1]:5434` with libpq's separate list of ports, if any."""
    if not hostlist:
        return (("localhost", _port(ports)),) if ports else ()
    names = hostlist.split(",")
    numbers = ports.split(",") if ports else [default_port]
    numbers = numbers * len(names) if len(numbers) == 1 else numbers
    pairs: list[tuple[str, int]] = []
    for name, number in zip(names, numbers, strict=True):
        if name.startswith("/"):
            pairs.append((name, _port(number)))
            continue
        bracketed = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^:\[\]@]+))(?::(\d*))?", name)
        if bracketed is None:
            raise ValueError(hostlist)
        pairs.append((bracketed[1] or bracketed[2], _port(bracketed[3] or number)))
    return tuple(pairs)


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(text)
    return number
