"""ALTER TABLE in words: each subcommand, and which of several speaks for the statement."""

from __future__ import annotations

import re
from typing import Final

from db_migrate_tools.sql.meaning import Meaning
from db_migrate_tools.sql.model import Category, OperationType
from db_migrate_tools.sql.names import quoted, relation, type_name
from db_migrate_tools.sql.node import Node

# The heaviest subcommand gives the statement its category: what loses data, then what existing rows can fail.
_WEIGHT: Final = ("column dropped", "constraint", "column", "trigger", "policy", "table", "grant")
_CONSTRAINTS: Final = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique constraint",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_CHECK": "check",
    "CONSTR_EXCLUSION": "exclusion constraint",
    "CONSTR_NOTNULL": "not-null constraint",
}
_COLUMN: Final = {
    "AT_DropNotNull": "Allow nulls in column {name} of {table}",
    "AT_SetNotNull": "Forbid nulls in column {name} of {table}",
    "AT_SetExpression": "Change the generation expression of column {name} of {table}",
    "AT_DropExpression": "Make generated column {name} of {table} an ordinary one",
    "AT_SetStatistics": "Set the statistics target of column {name} of {table}",
    "AT_SetOptions": "Set options of column {name} of {table}",
    "AT_ResetOptions": "Reset options of column {name} of {table}",
    "AT_SetStorage": "Change the storage of column {name} of {table}",
    "AT_SetCompression": "Change the compression of column {name} of {table}",
    "AT_AddIdentity": "Make column {name} of {table} an identity column",
    "AT_SetIdentity": "Change the identity of column {name} of {table}",
    "AT_DropIdentity": "Drop the identity of column {name} of {table}",
    "AT_AlterColumnGenericOptions": "Change foreign options of column {name} of {table}",
}
_OTHERS: Final[dict[str, tuple[Category, str]]] = {
    "AT_AlterConstraint": ("constraint", "Alter constraint {name} of {table}"),
    "AT_ValidateConstraint": ("constraint", "Validate constraint {name} of {table}"),
    "AT_DropConstraint": ("constraint", "Drop constraint {name} from {table}"),
    "AT_ClusterOn": ("table", "Mark {table} to be clustered on {name}"),
    "AT_DropCluster": ("table", "Clear the clustering mark of {table}"),
    "AT_SetLogged": ("table", "Make {table} logged"),
    "AT_SetUnLogged": ("table", "Make {table} unlogged"),
    "AT_SetAccessMethod": ("table", "Change the access method of {table}"),
    "AT_SetTableSpace": ("table", "Move {table} to tablespace {name}"),
    "AT_SetRelOptions": ("table", "Set storage options of {table}"),
    "AT_ResetRelOptions": ("table", "Reset storage options of {table}"),
    "AT_EnableTrig": ("trigger", "Enable trigger {name} on {table}"),
    "AT_EnableAlwaysTrig": ("trigger", "Enable trigger {name} on {table}, always"),
    "AT_EnableReplicaTrig": ("trigger", "Enable trigger {name} on {table} for replication"),
    "AT_DisableTrig": ("trigger", "Disable trigger {name} on {table}"),
    "AT_EnableTrigAll": ("trigger", "Enable all triggers on {table}"),
    "AT_DisableTrigAll": ("trigger", "Disable all triggers on {table}"),
    "AT_EnableTrigUser": ("trigger", "Enable user triggers on {table}"),
    "AT_DisableTrigUser": ("trigger", "Disable user triggers on {table}"),
    "AT_ReplicaIdentity": ("table", "Change the replica identity of {table}"),
    "AT_EnableRowSecurity": ("policy", "Enable row level security on {table}"),
    "AT_DisableRowSecurity": ("policy", "Disable row level security on {table}"),
    "AT_ForceRowSecurity": ("policy", "Force row level security on {table}, for its owner too"),
    "AT_NoForceRowSecurity": ("policy", "Stop forcing row level security on {table} for its owner"),
    "AT_DetachPartitionFinalize": ("table", "Finish detaching a partition from {table}"),
}
_KINDS: Final = {
    "OBJECT_INDEX": "index",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "materialized view",
    "OBJECT_SEQUENCE": "sequence",
    "OBJECT_TYPE": "type",
    "OBJECT_FOREIGN_TABLE": "foreign table",
}
_KIND_CATEGORY: Final[dict[str, Category]] = {
    "OBJECT_INDEX": "index",
    "OBJECT_VIEW": "view",
    "OBJECT_MATVIEW": "view",
    "OBJECT_SEQUENCE": "other",
    "OBJECT_TYPE": "type",
}


def alter_table(node: Node) -> Meaning:
    """The heaviest subcommand names the statement; the sentence tells all of them."""
    table = relation(node.node("relation"))
    what = node.choice("objtype")
    parts = [_command(command, table) for command in node.nodes("cmds")]
    if not parts:
        return Meaning("ALTER", "table", table, f"Alter {table}")
    leading = min(parts, key=_weight)
    category = _KIND_CATEGORY.get(what, leading.category)
    more = len(parts) - 3
    told = "; ".join(_lower(part.description) if i else part.description for i, part in enumerate(parts[:3]))
    if more > 0:
        told += f"; and {more} more"
    if what in _KINDS:
        told = re.sub(rf" {re.escape(table)}(?=[ ,;]|$)", lambda _: f" {_KINDS[what]} {table}", told, count=1)
    return Meaning(leading.type, category, leading.target if what not in _KINDS else table, told)


def _weight(part: Meaning) -> int:
    return _WEIGHT.index("column dropped" if part.type == "DROP" else part.category)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _command(command: Node, table: str) -> Meaning:
    what = command.choice("subtype")
    name = quoted(command.text("name")) if command.text("name") else ""
    column = f"{table}.{name}"
    definition = command.node("def")
    if what == "AT_AddColumn" and definition is not None:
        added = quoted(definition.text("colname"))
        described = f"Add column {added} ({type_name(definition.node('type_name'))}{_traits(definition)}) to {table}"
        return Meaning("ALTER", "column", f"{table}.{added}", described)
    if what == "AT_DropColumn":
        return Meaning("DROP", "column", column, f"Drop column {name} from {table}")
    if what == "AT_AlterColumnType" and definition is not None:
        to = type_name(definition.node("type_name"))
        return Meaning("ALTER", "column", column, f"Change the type of column {name} of {table} to {to}")
    if what == "AT_ColumnDefault":
        verb = "Drop" if definition is None else "Set"
        return Meaning("ALTER", "column", column, f"{verb} the default of column {name} of {table}")
    if what in _COLUMN:
        return Meaning("ALTER", "column", column, _COLUMN[what].format(name=name, table=table))
    if what == "AT_AddConstraint" and definition is not None:
        return _constraint(definition, table)
    if what in {"AT_AttachPartition", "AT_DetachPartition"} and definition is not None:
        part = relation(definition.node("name"))
        verb, side = ("Attach", "to") if what == "AT_AttachPartition" else ("Detach", "from")
        return Meaning("ALTER", "table", part or table, f"{verb} partition {part} {side} {table}")
    if what == "AT_ChangeOwner":
        owner = command.node("newowner")
        return Meaning("ALTER", "grant", table, f"Change the owner of {table} to {role(owner)}")
    if what in {"AT_AddInherit", "AT_DropInherit"}:
        verb, side = ("Make", "inherit from") if what == "AT_AddInherit" else ("Stop", "inheriting from")
        return Meaning("ALTER", "table", table, f"{verb} {table} {side} {relation(definition)}")
    if what in _OTHERS:
        category, sentence = _OTHERS[what]
        kind: OperationType = "CONSTRAINT" if category == "constraint" else "ALTER"
        return Meaning(
            kind, category, column if category == "constraint" else table, sentence.format(name=name, table=table)
        )
    return Meaning("ALTER", "table", table, f"Alter {table}")


def _traits(column: Node) -> str:
    """What makes adding a column harder: not null, a default, a constraint of its own."""
    words = {
        "CONSTR_NOTNULL": "not null",
        "CONSTR_DEFAULT": "with a default",
        "CONSTR_GENERATED": "generated",
        "CONSTR_IDENTITY": "identity",
        "CONSTR_PRIMARY": "primary key",
        "CONSTR_UNIQUE": "unique",
        "CONSTR_FOREIGN": "foreign key",
        "CONSTR_CHECK": "checked",
    }
    found = [words[kind] for c in column.nodes("constraints") if (kind := c.choice("contype")) in words]
    return "".join(f", {word}" for word in found)


def _constraint(constraint: Node, table: str) -> Meaning:
    kind = _CONSTRAINTS.get(constraint.choice("contype"), "constraint")
    name = quoted(constraint.text("conname")) if constraint.text("conname") else ""
    described = f"Add {kind}{' ' + name if name else ''} to {table}"
    if kind == "foreign key":
        described += f", referring to {relation(constraint.node('pktable'))}"
    if constraint.flag("skip_validation"):
        described += ", not yet validated"
    return Meaning("CONSTRAINT", "constraint", f"{table}.{name}" if name else table, described)


def role(node: Node | None) -> str:
    """A RoleSpec: a name, or what stands for one."""
    if node is None:
        return ""
    special = {
        "ROLESPEC_PUBLIC": "everyone (PUBLIC)",
        "ROLESPEC_CURRENT_USER": "the current user",
        "ROLESPEC_CURRENT_ROLE": "the current role",
        "ROLESPEC_SESSION_USER": "the session user",
    }
    return special.get(node.choice("roletype")) or quoted(node.text("rolename"))
