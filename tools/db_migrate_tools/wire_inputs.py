"""What the five tools are asked over MCP. Names are the contract's."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from db_migrate_tools.evidence import Env
from db_migrate_tools.sql.model import Category

PlanLevel = Literal["preview", "plan-only", "validate"]


class Input(BaseModel):
    """Inputs refuse fields that they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSource(Input):
    """The newest active feature's database-schema.md, or the named one's."""

    from_: Literal["feature"] = Field("feature", alias="from")
    feature: str | None = Field(None, description="Feature folder name; null takes the newest active one.")


class FileSource(Input):
    """A .sql or .md file inside the project."""

    from_: Literal["file"] = Field(alias="from")
    path: str = Field(description="Path inside the project root.")


class SqlSource(Input):
    """SQL given in the call."""

    from_: Literal["sql"] = Field(alias="from")
    sql: str
    name: str = Field(description="Short name for the migration, e.g. add_last_active.")


class RollbackSource(Input):
    """The stored rollback of an applied migration."""

    from_: Literal["rollback"] = Field(alias="from")
    migration: str = Field(description="Version or name of an applied migration, as `status` lists it.")


class EnvironmentSource(Input):
    """What would bring the target to another environment's schema."""

    from_: Literal["environment"] = Field(alias="from")
    env: Env


class KeptSource(Input):
    """What reversible migrations kept, removed for good: afterwards their rollbacks can no longer run."""

    from_: Literal["kept"] = Field(alias="from")
    migration: str | None = Field(
        None, description="Version or name of the migration that kept it, as `status` lists it; null takes everything."
    )


SourceInput = Annotated[
    FeatureSource | FileSource | SqlSource | RollbackSource | EnvironmentSource | KeptSource,
    Field(discriminator="from_"),
]
Operations = Annotated[
    list[Category] | None,
    Field(description="Only operations of these categories; null means all."),
]


class PlanInput(Input):
    env: Env = "dev"
    level: PlanLevel = Field(
        "preview",
        description="preview issues a token for approval; plan-only writes the full plan to a file without one; "
        "validate is a dry run without one.",
    )
    source: SourceInput = Field(default_factory=lambda: FeatureSource.model_validate({}))
    operations: Operations = None
    online: bool = Field(True, description="Offer the proven-equal low-lock form of each statement.")
    reversible: bool = Field(
        False,
        description="Keep what the migration would lose (dropped tables and columns, deleted, overwritten and "
        "truncated rows) in a private schema, so that the rollback brings the data back. Copying rows takes time and "
        "space; the plan shows the SQL that runs instead and what cannot be kept.",
    )


PROD_NEEDS_CONFIRM: Final[JsonDict] = {
    "if": {"properties": {"env": {"const": "prod"}}, "required": ["env"]},
    "then": {"properties": {"confirm": {"const": True}}, "required": ["confirm"]},
}


class ApproveInput(Input):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=PROD_NEEDS_CONFIRM)

    token: str = Field(description="The token that `plan` returned.")
    env: Env = Field(description="Must equal the plan's environment.")
    confirm: bool = Field(False, description="Must be true for prod.")
    operations: Operations = None


class StatusInput(Input):
    env: Env | None = None
    sync: bool = Field(False, description="Compare the schemas of all configured environments.")
    token: str | None = Field(None, description="State of one plan.")
    history: int = Field(10, ge=0, le=1000)


class GenerateOnlyInput(Input):
    env: Env = "dev"
    check: bool = Field(True, description="Also compile the application against the new types.")


class RollbackPlanInput(Input):
    env: Env = "dev"
    migration: str | None = Field(None, description="Version or name; null takes the newest.")
    history: bool = Field(False, description="One row per applied migration with its rollback option.")
