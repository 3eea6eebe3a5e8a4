"""Redaction at one place: no password of a connection string, and no token of ours, leaves in a text."""

from __future__ import annotations

import logging
import re
from typing import Final

_DSN_PASSWORD: Final = re.compile(
    r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)(?P<password>[^\s'\"]+)(?=@)", re.IGNORECASE
)
_KEY_VALUE: Final = re.compile(
    r"(?P<head>\b(?:password|passwd|pgpassword|secret|service_role_key)\s*[=:]\s*)(?P<value>'[^']*'|\"[^\"]*\"|[^\s,;)'\"]+)",
    re.IGNORECASE,
)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\b")
HIDDEN: Final = "•••"


def redact(text: str) -> str:
    """The text with passwords of DSNs, `password=…` pairs and JSON web tokens replaced."""
    text = _DSN_PASSWORD.sub(lambda m: m["head"] + HIDDEN, text)
    text = _JWT.sub(HIDDEN, text)
    return _KEY_VALUE.sub(lambda m: m["head"] + HIDDEN, text)


class RedactingFormatter(logging.Formatter):
    """Formats a record, traceback included, then redacts it."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
