"""Redaction at one place: no password of a connection string, and no token of ours, leaves in a text."""

from __future__ import annotations

import logging
import re
from typing import Final

from pydantic import JsonValue

# Anchored on "://" and bounded: else a long text without spaces would be read again from each of its letters.
_URL_PASSWORD: Final = re.compile(r"(?P<head>://[^\s:/@'\"]{0,256}:)(?P<value>[^\s'\"]{1,2048})(?=@)")
_PAIR: Final = r"(?:host|hostaddr|port|dbname|user|sslmode)=[^\s,'\"]{1,256}"
_PAIRS_PASSWORD: Final = (
    re.compile(rf"(?P<head>\b{_PAIR}\s+password=)(?P<value>[^\s,;)'\"]+)", re.IGNORECASE),
    re.compile(rf"(?P<head>\bpassword=)(?P<value>[^\s,;)'\"]{{1,1024}})(?=\s+{_PAIR})", re.IGNORECASE),
)
_KEY_VALUE: Final = re.compile(
    r"(?P<head>\b(?:password|passwd|pgpassword|secret|service_role_key)\s*[=:]\s*)(?P<value>'[^']*'|\"[^\"]*\"|[^\s,;)'\"]+)",
    re.IGNORECASE,
)
_JWT: Final = re.compile(r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b")
HIDDEN: Final = "•••"
EXACT: Final = frozenset({"sql", "call", "differences", "message"})
"""Fields that hold SQL, a call to repeat, or what was found in it: a column named password is no secret there."""


def redact(text: str) -> str:
    """Text from anywhere, with passwords of DSNs, `password=…` pairs and JSON web tokens replaced."""
    return _KEY_VALUE.sub(_hide, redact_exact(text))


def redact_exact(text: str) -> str:
    """Text that a person must see as it is, such as SQL: only passwords of DSNs and JSON web tokens are replaced."""
    for pattern in (_URL_PASSWORD, *_PAIRS_PASSWORD):
        text = pattern.sub(_hide, text)
    return _JWT.sub(HIDDEN, text)


def redact_json(value: JsonValue, *, exact: bool = False) -> JsonValue:
    """The value with each of its strings redacted; those under a field of EXACT as `redact_exact` does."""
    if isinstance(value, str):
        return redact_exact(value) if exact else redact(value)
    if isinstance(value, list):
        return [redact_json(item, exact=exact) for item in value]
    if isinstance(value, dict):
        return {key: redact_json(item, exact=exact or key in EXACT) for key, item in value.items()}
    return value


class RedactingFormatter(logging.Formatter):
    """Formats a record, traceback included, then redacts it."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _hide(match: re.Match[str]) -> str:
    return f"{match['head']}{HIDDEN}"
