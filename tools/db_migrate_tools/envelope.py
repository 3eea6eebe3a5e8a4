"""The envelope: what a human approves, as canonical JSON, and its digest. Nothing else is ever executed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final, Literal

from pydantic import TypeAdapter

from db_migrate_tools.evidence import Env, Identity, SessionSettings

DOMAIN = b"db-migrate/envelope/v1\n"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything that the approval binds. `statements` are the exact SQL texts in order; `created_at` and
    `expires_at` are seconds since the epoch, UTC.
    """

    plan_id: str
    env: Env
    name: str
    statements: tuple[str, ...]
    transactional: tuple[bool, ...]
    rollback_digest: str
    target: Identity
    settings: SessionSettings
    schema_fingerprint: str
    risk: int
    data_loss: bool
    requester: str
    source_sha256: str
    created_at: int
    expires_at: int
    nonce: str
    version: Literal[1] = 1


_ENVELOPE: Final = TypeAdapter(Envelope)


def canonical(envelope: Envelope) -> bytes:
    """RFC 8785 in spirit: sorted keys, no white space, UTF-8. All numbers are integers."""
    return json.dumps(asdict(envelope), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(envelope: Envelope) -> str:
    """Sha256, hex, over the domain and the canonical bytes."""
    return hashlib.sha256(DOMAIN + canonical(envelope)).hexdigest()


def digest_of_bytes(canonical_bytes: bytes) -> str:
    """The digest of stored canonical bytes, to compare with the one recorded beside them."""
    return hashlib.sha256(DOMAIN + canonical_bytes).hexdigest()


def digest_of_statements(statements: tuple[str, ...]) -> str:
    """Digest of a list of statements; lengths are included, so that no two lists share one."""
    joined = json.dumps(list(statements), ensure_ascii=False, separators=(",", ":")).encode()
    return hashlib.sha256(b"db-migrate/statements/v1\n" + joined).hexdigest()


def short_code(full_digest: str) -> str:
    """Eight characters that a person can compare by eye, as `ab12-cd34`-style halves without the dash."""
    return full_digest[:8]


def load(canonical_bytes: bytes) -> Envelope:
    """The envelope that `canonical` wrote.

    Raises:
        ValueError: The bytes are no envelope of this version.
    """
    return _ENVELOPE.validate_json(canonical_bytes)
