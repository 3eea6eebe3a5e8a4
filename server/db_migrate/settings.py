"""Settings: db-migrate.toml at the project's root, overridden by DB_MIGRATE_* in the environment."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from db_migrate_tools.evidence import Env
from db_migrate_tools.ports import Refused

CONFIG_NAME = "db-migrate.toml"
PREFIX = "DB_MIGRATE_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvironmentSettings(_Section):
    """`url` runs migrations, `read_url` only plans; both are a DSN or `env:NAME`."""

    url: SecretStr | None = None
    read_url: SecretStr | None = None
    approvals: int = Field(default=1, ge=1, le=10)


class Environments(_Section):
    dev: EnvironmentSettings = EnvironmentSettings()
    staging: EnvironmentSettings = EnvironmentSettings()
    prod: EnvironmentSettings = EnvironmentSettings()


class FeatureSettings(_Section):
    paths: list[str] = [".agaile-os/features", ".agent-os/specs"]


class TypeSettings(_Section):
    """A command of None is looked up in package.json; "" turns it off."""

    output: str = "src/types/database.types.ts"
    schemas: list[str] = ["public"]
    pull: str | None = None
    generate: str | None = None
    check: str | None = None


class ExecutionSettings(_Section):
    """How long a statement may wait for its locks, in seconds, before it gives up and says who blocks."""

    lock_wait: float = Field(default=60.0, gt=0, le=3600)


class ShadowSettings(_Section):
    """`deadline`: seconds that one statement may take on the shadow, and every hundred of them together.
    `binaries`: a directory with postgres, initdb, pg_dump.
    """

    deadline: float = Field(default=60.0, gt=0, le=3600)
    binaries: Path | None = None


class ApprovalSettings(_Section):
    """How long a token lives, in minutes."""

    minutes: int = Field(default=60, ge=1, le=24 * 60)


class Settings(BaseSettings):
    """Everything that a project can configure. Every key is optional."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    environments: Environments = Environments()
    features: FeatureSettings = FeatureSettings()
    types: TypeSettings = TypeSettings()
    execution: ExecutionSettings = ExecutionSettings()
    shadow: ShadowSettings = ShadowSettings()
    approval: ApprovalSettings = ApprovalSettings()
    embedded_dir: Path | None = Field(default=None, description="Where the embedded dev database keeps its data.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which arrives as init values."""
        del settings_cls, dotenv_settings, file_secret_settings
        return (env_settings, init_settings)

    def environment(self, env: Env) -> EnvironmentSettings:
        """The settings of one environment."""
        return {"dev": self.environments.dev, "staging": self.environments.staging, "prod": self.environments.prod}[env]


def load(root: Path) -> Settings:
    """The project's settings.

    Raises:
        Refused: The file cannot be read or is not TOML, or a key or value is not known; says which.
    """
    given = _file(root / CONFIG_NAME)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Refused(f"The configuration is not understood: {_problems(error)}.", _REMEDY) from None
    except SettingsError:
        # Its text is about our classes, and its cause holds the value, which may be a password.
        names = _not_json(os.environ)
        raise Refused(
            f"The configuration is not understood: {' and '.join(names) or f'a {PREFIX}… variable'} must hold JSON.",
            f"A whole section is set as a JSON object; one value of it in a variable of its own, for example "
            f"{PREFIX}ENVIRONMENTS__DEV__URL.",
        ) from None


def _file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror or type(error).__name__}.", "Make it readable, or remove it."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{CONFIG_NAME} is not valid TOML: {error}.", "Correct that line and try again.") from None


def _not_json(environ: Mapping[str, str]) -> list[str]:
    """The variables that stand for a section or a list, and hold no JSON."""
    return sorted(name for name, value in environ.items() if _holds_many(name) and not _is_json(value))


def _holds_many(variable: str) -> bool:
    if not variable.upper().startswith(PREFIX):
        return False
    shape: Any = Settings
    for part in variable[len(PREFIX) :].lower().split("__"):
        fields = shape.model_fields if isinstance(shape, type) and issubclass(shape, BaseModel) else {}
        if part not in fields:
            return False
        shape = fields[part].annotation
    return shape == list[str] or (isinstance(shape, type) and issubclass(shape, BaseModel))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


_REMEDY = f"Correct it in {CONFIG_NAME} or in the DB_MIGRATE_… environment variable of that name."


def _problems(error: ValidationError) -> str:
    said = {"extra_forbidden": "there is no such key"}
    return "; ".join(
        f"{'.'.join(map(str, e['loc']))}: {said.get(e['type'], e['msg'])}" for e in error.errors(include_input=False)
    )


def resolve_url(value: SecretStr | None, root: Path, environ: dict[str, str] | None = None) -> str | None:
    """The DSN behind a configured value: itself, or for `env:NAME` the variable's, from the process's environment
    or else from .env.local or .env at the root.

    Raises:
        Refused: The variable is named but set nowhere, or a file that may set it cannot be read.
    """
    if value is None or not value.get_secret_value():
        return None
    text = value.get_secret_value()
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:").strip()
    variables = dict(os.environ) if environ is None else environ
    if found := variables.get(name):
        return found
    for file in (root / ".env.local", root / ".env"):
        if found := _dotenv(file).get(name):
            return found
    raise Refused(
        f"The configuration takes a database URL from the variable {name}, and it is not set.",
        f"Set {name} in the environment of the MCP server (the `env` of .mcp.json) or in .env at the project's root.",
    )


def _dotenv(path: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror or type(error).__name__
        raise Refused(f"{path} cannot be read: {why}.", "Make it a readable text file, or remove it.") from None
