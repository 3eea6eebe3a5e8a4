from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db_migrate_tools.analysis import risk
from db_migrate_tools.analysis.hazards import BY_CODE, LEVELS
from db_migrate_tools.evidence import Env, RollbackEvidence, RollbackProof
from db_migrate_tools.sql.model import Category, OperationType
from db_migrate_tools.wire import Hazard, MigrationOperation, RiskLevel
from report.pages import operation


def _hazard(code: str, severity: RiskLevel) -> Hazard:
    return Hazard(code=code, severity=severity, message="m", remedy="r")


def _operation(type_: OperationType, category: Category, hazards: list[Hazard], number: int) -> MigrationOperation:
    return operation(number, type=type_, category=category, hazards=hazards, target=f"t{number}")


HAZARDS = st.builds(_hazard, st.sampled_from(sorted(BY_CODE)), st.sampled_from(LEVELS))
OPERATIONS = st.builds(
    _operation,
    st.sampled_from(get_args(OperationType)),
    st.sampled_from(get_args(Category)),
    st.lists(HAZARDS, max_size=3),
    st.integers(1, 99),
)
ENVS = st.sampled_from(get_args(Env))
PROOFS = st.sampled_from(get_args(RollbackProof))


def total(operations: list[MigrationOperation], env: Env, proof: RollbackProof = "proven") -> int:
    return sum(reason.points for reason in risk.reasons(operations, env, proof))


@given(st.lists(OPERATIONS, max_size=8), OPERATIONS, st.integers(0, 8), ENVS, PROOFS)
def test_adding_an_operation_never_lowers_the_risk(
    operations: list[MigrationOperation], more: MigrationOperation, place: int, env: Env, proof: RollbackProof
) -> None:
    longer = [*operations[:place], more, *operations[place:]]
    assert total(longer, env, proof) >= total(operations, env, proof)


@given(st.lists(OPERATIONS, max_size=8), ENVS, PROOFS, st.booleans())
def test_the_reasons_add_up_to_the_risk_exactly(
    operations: list[MigrationOperation], env: Env, proof: RollbackProof, loses: bool
) -> None:
    found = risk.assess_risk(
        operations, frozenset({"loses"}) if loses else frozenset(), RollbackEvidence((), proof), env
    )
    assert found.overall_risk == sum(reason.points for reason in found.reasons)
    assert 0 <= found.overall_risk <= 100
    assert found.level == risk.level(found.overall_risk)
    assert found.data_loss == loses


@given(st.lists(OPERATIONS, min_size=1, max_size=8), PROOFS)
def test_the_same_migration_weighs_more_the_nearer_it_is_to_users(
    operations: list[MigrationOperation], proof: RollbackProof
) -> None:
    assert total(operations, "dev", proof) <= total(operations, "staging", proof) <= total(operations, "prod", proof)


@pytest.mark.parametrize(
    ("points", "band"),
    [(0, "LOW"), (30, "LOW"), (31, "MEDIUM"), (60, "MEDIUM"), (61, "HIGH"), (85, "HIGH"), (86, "CRITICAL")],
)
def test_bands_end_where_they_are_said_to(points: int, band: str) -> None:
    assert risk.level(points) == band


def test_nothing_to_do_is_no_risk() -> None:
    found = risk.assess_risk([], frozenset(), None, "prod")
    assert (found.overall_risk, found.reasons, found.rollback_complexity) == (0, [], "simple")


def test_code_that_does_not_compile_counts() -> None:
    found = risk.assess_risk([operation()], frozenset(), None, "staging", breaks=["src/users.ts"])
    assert found.breaking_changes
    assert any("src/users.ts" in reason.why for reason in found.reasons)


def test_many_of_a_kind_are_told_as_one_reason() -> None:
    three = [operation(i, target=f"t{i}") for i in range(1, 4)]
    whys = [reason.why for reason in risk.reasons(three, "staging", "proven")]
    assert whys == ["3 new tables: t1, t2 and t3"]
    policies = [operation(i, type="POLICY", category="policy", target="t") for i in (1, 2)]
    assert risk.reasons(policies, "staging", "proven")[0].why == "2 policies: t"


@pytest.mark.parametrize(
    ("rollback", "loses", "expected"),
    [
        (RollbackEvidence(("x",), "proven"), False, "simple"),
        (RollbackEvidence(("x",), "proven", notes=("look",)), False, "complex"),
        (RollbackEvidence((), "not-proven"), False, "complex"),
        (RollbackEvidence((), "proven-with-data-loss"), False, "complex"),
        (None, False, "complex"),
        (RollbackEvidence((), "failed"), False, "dangerous"),
        (RollbackEvidence((), "impossible"), False, "dangerous"),
        (RollbackEvidence(("x",), "proven"), True, "dangerous"),
    ],
)
def test_the_way_back_is_as_hard_as_it_was_seen_to_be(
    rollback: RollbackEvidence | None, loses: bool, expected: str
) -> None:
    assert risk.complexity([operation()], rollback, loses) == expected


def test_only_a_long_exclusive_lock_is_downtime() -> None:
    band = operation().duration_ms.model_copy(update={"high": 5000})
    assert risk.downtime([operation(locking_behavior="exclusive", duration_ms=band)])
    assert not risk.downtime([operation(locking_behavior="exclusive")])
    assert not risk.downtime([operation(locking_behavior="brief", duration_ms=band)])
