"""Values that must not be kept: options and settings that name a password, a token or a key."""

from __future__ import annotations

import re
from hashlib import sha256

_NAMES = re.compile(
    r"pass(?:word|wd|phrase)|pwd|secret|token|credential|api_?key|private_?key|access_?key|service_?key|sa_key|"
    r"jwt|encryption_?key|(?:^|[._])key$",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"://[^/\s@]*:[^/\s@]+@|\b(?:password|passwd|pwd|secret|token)\s*=", re.IGNORECASE)
_HARMLESS = frozenset(
    {"user", "username", "user_name", "role", "dbname", "database", "password_required", "password_encryption"}
)
_ABOUT = re.compile(r"_(?:id|name|type|file|exp|expiry|aud|is_base64|claim_key|lifetime)$", re.IGNORECASE)
_HIDDEN = re.compile(r"\[hidden(?: [0-9a-f]{8})?\]\Z")


def is_secret(name: str, value: str) -> bool:
    """Whether the value of an option or setting of this name is not to be shown."""
    if name.lower() in _HARMLESS or _HIDDEN.match(value):
        return False
    named = _NAMES.search(name) and not _ABOUT.search(name)
    return bool(named or _INSIDE.search(value))


def hide(value: str) -> str:
    """A marker that differs for different values and does not give a value away."""
    return f"[hidden {sha256(b'db-migrate' + value.encode()).hexdigest()[:8]}]"


def masked(name: str, value: str, *, always: bool = False) -> str:
    """The value, or its marker where it is a secret. `always` hides all but a few names that say who, not how."""
    if (always and name.lower() not in _HARMLESS) or is_secret(name, value):
        return hide(value)
    return value


def is_hidden(text: str) -> bool:
    """Whether a value is such a marker."""
    return bool(_HIDDEN.match(text))
