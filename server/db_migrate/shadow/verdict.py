"""What a rollback that was run amounts to, in one word and the sentences that justify it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db_migrate.shadow.conversions import converted, tried_only
from db_migrate.shadow.looked import Looked, amount, changed, is_back, is_back_above, remaining
from db_migrate.shadow.observe import Step
from db_migrate.shadow.unsettled import blind, idle_ones, left_out, not_shown, unseen, unwatched_ones, written
from db_migrate.shadow.wording import SHOWN, called, listed
from db_migrate_tools.evidence import ANOTHER_ORDER, PgFailure, RollbackProof
from db_migrate_tools.kept.model import WayBack
from db_migrate_tools.schema.diff import Delta, lost
from db_migrate_tools.schema.model import Ref


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` are objects of the schema before the migration whose rows or values do not come back; `values` counts
    the rows and values seen missing or changed, `stays` that nothing is lost and everything seen, but rows are there
    that were not.
    """

    proof: RollbackProof
    why: str | None = None
    lost: tuple[Ref, ...] = ()
    notes: tuple[str, ...] = ()
    values: int = 0
    stays: bool = False


def failed(number: int, count: int, said: PgFailure) -> Verdict:
    """The rollback itself was refused."""
    return Verdict("failed", f"Statement {number} of {count} of the rollback failed: {said.message}.")


def not_restored(differences: Sequence[str]) -> Verdict:
    """It ran, and the schema is not the one before."""
    return Verdict("failed", f"After the rollback the schema is not as it was: {listed(differences)}.")


def impossible(differences: Sequence[str]) -> Verdict:
    """There are no statements that would undo it."""
    return Verdict("impossible", f"There is no statement that undoes this: {listed(differences)}.")


def restored(
    made: Delta,
    steps: Sequence[Step],
    order: Sequence[Ref] = (),
    kept: WayBack | None = None,
    why_no_rows: str = "",
    more: Sequence[str] = (),
) -> Verdict:
    """The schema came back, and nothing is known of rows: there were none.

    What is said of them follows from what the statements did: `proven` only where the migration left every row as
    it was. Rows that went with their table or column are known to be lost; rows that statements wrote or that were
    `kept` are a matter that a copy without rows cannot settle, and the weaker word wins.
    """
    gone = _gone(made, steps)
    back = gone & kept.keeps if kept is not None else set[Ref]()
    gone -= back
    unwatched = [str(step.statement.number) for step in steps if blind(step)]
    unsettled = [*left_out(steps), *written(steps, gone), *converted(made), *unwatched_ones(unwatched)]
    unsettled += not_shown(back)
    if why_no_rows:
        unsettled.append(why_no_rows)
    unsettled += more
    sentences: list[str] = []
    if gone:
        sentences.append(f"The schema comes back without the data of {listed(sorted(map(called, gone)))}.")
    sentences += unsettled
    proof: RollbackProof = "not-proven" if unsettled else "proven-with-data-loss" if gone else "proven"
    return Verdict(proof, " ".join(sentences) or None, tuple(sorted(gone)), _notes(order))


def seen(
    made: Delta, steps: Sequence[Step], looked: Looked, order: Sequence[Ref] = (), kept: WayBack | None = None
) -> Verdict:
    """The schema came back, and rows were there before: `proven` only where every one of them is back as it was."""
    different = {difference.table: difference for difference in looked.differences}
    gone = {ref for ref in _gone(made, steps) if not is_back(ref, looked, different)}
    quiet = {ref for ref in gone if kept is not None and ref in kept.keeps and not amount(ref, looked, different)}
    gone -= quiet
    named: dict[Ref, str] = {ref: called(ref) + amount(ref, looked, different) for ref in gone}
    lost_refs = set(gone)
    rest: list[str] = []
    extra: list[str] = []
    filled: list[str] = []
    told = {leaf for ref in gone if ref.kind == "table" for leaf in looked.leaves.get(ref, (ref,))}
    for table, difference in different.items():
        if table in told:
            continue
        for column, count in difference.columns:
            ref = Ref("column", table.schema, column, table.name)
            if ref in gone:
                continue
            if difference.filled.get(column) == count:
                filled.append(f"{count} of {difference.rows} values of {ref}")
            else:
                lost_refs.add(ref)
                rest.append(changed(ref, count, difference, made, steps))
        if difference.missing:
            lost_refs.add(table)
            rest.append(f"{difference.missing} of {difference.rows} rows of {table} are not there any more.")
        if difference.extra:
            extra.append(remaining(difference, steps, looked.keys.get(table, ())))
    sentences: list[str] = []
    if gone:
        sentences.append(f"The schema comes back without the data of {listed([named[ref] for ref in sorted(gone)])}.")
    if rest:
        sentences.append("After the rollback, of the synthetic rows: " + " ".join(rest[:SHOWN]))
        if len(rest) > SHOWN:
            sentences.append(f"And {len(rest) - SHOWN} more differences like these.")
    if filled:
        sentences.append(
            f"The rollback leaves what was NULL filled: {listed(filled)}. No value is lost, but which of them were "
            "NULL is."
        )
    for ref in looked.rewound:
        lost_refs.add(ref)
        sentences.append(f"The sequence {ref} starts again behind values that it has given out: its position is lost.")
    loses = bool(lost_refs or rest or filled)
    if extra:
        sentences.append(
            f"After the rollback rows remain that were not there before: {listed(extra)}. A rollback written in the "
            "source can remove them."
        )
    # Losses that were seen are told as such; a column that is kept as it was is not converted back.
    known = lost_refs | (set(kept.keeps) if kept is not None else set[Ref]())
    unsettled = [
        *left_out(steps),
        *idle_ones(steps, looked.idle, gone),
        *unseen(looked.unseen),
        *tried_only(made, known),
        *not_shown({ref for ref in quiet if not is_back_above(ref, made, looked, different)}),
        *looked.unsettled,
    ]
    sentences += unsettled
    proof: RollbackProof = "not-proven" if unsettled or extra else "proven-with-data-loss" if loses else "proven"
    values = sum(d.missing + d.extra + sum(count for _, count in d.columns) for d in looked.differences)
    stays = bool(extra) and not loses and not unsettled
    return Verdict(proof, " ".join(sentences) or None, tuple(sorted(lost_refs)), _notes(order), values, stays)


def _gone(made: Delta, steps: Sequence[Step]) -> set[Ref]:
    return set(lost(made)) | {ref for step in steps for ref in step.traces.truncated}


def _notes(order: Sequence[Ref]) -> tuple[str, ...]:
    return tuple(f"The columns of {ref}{ANOTHER_ORDER}" for ref in order)
