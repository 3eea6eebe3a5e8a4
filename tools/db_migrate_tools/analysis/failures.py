"""A statement that did not run through on the shadow: what was said, whose limit it is, what to do."""

from __future__ import annotations

from typing import Final

from db_migrate_tools.evidence import PgFailure, TargetFacts

_NO_RIGHT: Final = "42501"
_GONE: Final = "08006"
_LIMITS: Final = {
    "time": "That is the rehearsal's limit, not the target's. If the statement ends by itself, raise `deadline` under "
    "[shadow] in db-migrate.toml; a wait or a loop without end must go.",
    "space": "That is the rehearsal's limit, not the target's. Bring so much data in outside of migrations, or in "
    "smaller parts.",
    "memory": "That is the rehearsal's limit, not the target's. Do the work in smaller parts.",
}


def said(error: PgFailure, *, whole: bool = True) -> str:
    """The end of a sentence that began with the statement, and with `whole` what Postgres added to it."""
    if error.limit == "time":
        return f" did not end: {error.message}."
    if error.limit == "space" and error.message.startswith("wrote"):
        return f" {error.message}."
    more = "".join(f" {text}" for text in (error.detail, error.hint) if text and whole)
    return f" fails: {error.message} ({error.sqlstate}).{more}"


def remedy(error: PgFailure, target: TargetFacts) -> str:
    """What to do about it."""
    role, embedded = target.identity.role, target.identity.embedded
    if error.limit is not None:
        return _LIMITS[error.limit]
    if error.sqlstate == _NO_RIGHT and embedded:
        return (
            f"{role} may not do this in the embedded dev database either. Where another database allows it, plan it "
            "there, or give dev a URL."
        )
    if error.sqlstate == _NO_RIGHT and not target.identity.read_only:
        return (
            f"On the target {role} gets the same answer. Have the right granted first, plan with a role that has it, "
            "or leave the statement out."
        )
    if error.sqlstate == _GONE:
        return (
            "The statement ended its own session, or the shadow's Postgres with it: see whether it terminates sessions "
            "or needs very much memory."
        )
    return "Mend that statement in the source, then plan again."
