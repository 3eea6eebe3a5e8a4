"""Every statement in words: one explainer a node kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from db_migrate_tools.sql import rights, rows
from db_migrate_tools.sql.alterations import alter_table, role
from db_migrate_tools.sql.meaning import Meaning, counted, listed
from db_migrate_tools.sql.model import Category, OperationType
from db_migrate_tools.sql.names import dotted, literal, object_name, quoted, relation, routine_name, type_name
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.objects import object_kind

_VERBS: Final[tuple[tuple[str, OperationType], ...]] = (("create", "CREATE"), ("alter", "ALTER"), ("drop", "DROP"))
_ON_RELATION: Final = frozenset({"OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_TABCONSTRAINT"})


def explain(node: Node) -> Meaning:
    """Type, category, target and sentence of one statement."""
    explainer = _EXPLAINERS.get(node.kind)
    if explainer is not None:
        return explainer(node)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", node.kind.removesuffix("Stmt")).lower()
    kind: OperationType = "OTHER"
    for prefix, verb in _VERBS:
        kind = verb if words.startswith(prefix) else kind
    return Meaning(kind, "other", "", words.capitalize())


def _checks(node: Node) -> str:
    """The one setting that runs is check_function_bodies."""
    value = next(iter(node.nodes("args")), None)
    constant = value.node("sval") if value is not None else None
    off = constant is not None and constant.text("sval").lower() in {"off", "false", "no"}
    return "Do not check" if off else "Check"


def _create_table(node: Node) -> Meaning:
    table = relation(node.node("relation"))
    columns = sum(1 for element in node.nodes("table_elts") if element.kind == "ColumnDef")
    if node.node("partbound") is not None:
        parent = ", ".join(relation(item) for item in node.nodes("inh_relations"))
        return Meaning("CREATE", "table", table, f"Create table {table} as a partition of {parent}")
    unless = " unless it exists" if node.flag("if_not_exists") else ""
    return Meaning("CREATE", "table", table, f"Create table {table} with {counted(columns, 'column')}{unless}")


def _create_table_as(node: Node) -> Meaning:
    into = node.node("into")
    target = relation(into.node("rel") if into is not None else None)
    if node.choice("objtype") == "OBJECT_MATVIEW":
        return Meaning("CREATE", "view", target, f"Create materialized view {target}")
    return Meaning("CREATE", "table", target, f"Create table {target} from a query")


def _create_index(node: Node) -> Meaning:
    table = relation(node.node("relation"))
    keys = [quoted(key.text("name")) if key.text("name") else "an expression" for key in node.nodes("index_params")]
    name = quoted(node.text("idxname")) if node.text("idxname") else ""
    schema = (node.node("relation") or node).text("schemaname")
    target = (f"{quoted(schema)}." if schema else "") + name if name else table
    described = f"Create {'unique ' if node.flag('unique') else ''}index{' ' + name if name else ''} on {table}"
    described += f" ({listed(keys)})"
    if node.node("where_clause") is not None:
        described += " for some rows"
    if node.flag("concurrent"):
        described += ", without blocking writes"
    return Meaning("INDEX", "index", target, described)


def _create_view(node: Node) -> Meaning:
    view = relation(node.node("view"))
    return Meaning("CREATE", "view", view, f"Create {'or replace ' if node.flag('replace') else ''}view {view}")


def _drop(node: Node) -> Meaning:
    kind = node.choice("remove_type")
    word, category = object_kind(kind)
    names: list[str] = []
    shown: list[str] = []
    for item in node.nodes("objects"):
        parts = object_name(item)
        if kind in _ON_RELATION and len(parts) > 1:
            names.append(dotted(parts))
            shown.append(f"{quoted(parts[-1])} from {dotted(parts[:-1])}")
        else:
            names.append(_dropped(item))
            shown.append(names[-1])
    cascade = ", and everything that depends on it" if node.choice("behavior") == "DROP_CASCADE" else ""
    gentle = " if it exists" if node.flag("missing_ok") else ""
    plural = word + ("es" if word.endswith("x") else "s") if len(names) > 1 and not word.endswith(("s", "y")) else word
    return Meaning("DROP", category, ", ".join(names), f"Drop {plural} {listed(shown)}{gentle}{cascade}")


def _dropped(item: Node) -> str:
    types = [type_name(part) for part in item.nodes("items") if part.kind == "TypeName"]
    if len(types) == 2:
        return f"({types[0]} as {types[1]})"
    return routine_name(item)


def _rename(node: Node) -> Meaning:
    kind = node.choice("rename_type")
    word, category = object_kind(kind)
    new = quoted(node.text("newname"))
    holder = relation(node.node("relation")) or routine_name(node.node("object"))
    old = quoted(node.text("subname")) if node.text("subname") else holder
    part = kind in {"OBJECT_COLUMN", "OBJECT_ATTRIBUTE"} or kind in _ON_RELATION
    target = f"{holder}.{old}" if part and holder else old
    place = f" of {holder}" if part and holder else ""
    return Meaning("ALTER", category, target, f"Rename {word} {old}{place} to {new}")


def _policy(node: Node) -> Meaning:
    table, name = relation(node.node("table")), quoted(node.text("policy_name"))
    create = node.kind == "CreatePolicyStmt"
    described = f"{'Create' if create else 'Alter'} policy {name} on {table}"
    if create:
        described += f" for {node.text('cmd_name') or 'all'}"
        if not node.flag("permissive"):
            described += ", restrictive"
    return Meaning("POLICY", "policy", f"{table}.{name}", described)


def _routine(node: Node) -> Meaning:
    name = dotted(node.names("funcname"))
    taken = [p for p in node.nodes("parameters") if p.choice("mode") not in {"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"}]
    signature = f"{name}({', '.join(type_name(parameter.node('arg_type')) for parameter in taken)})"
    word = "procedure" if node.flag("is_procedure") else "function"
    verb = "Create or replace" if node.flag("replace") else "Create"
    definer = any(o.text("defname") == "security" and _true(o.node("arg")) for o in node.nodes("options"))
    described = f"{verb} {word} {signature}{', running with its owner’s rights' if definer else ''}"
    return Meaning("ROUTINE", "routine", signature, described)


def _true(node: Node | None) -> bool:
    return node is not None and node.kind == "Boolean" and node.flag("boolval")


def _trigger(node: Node) -> Meaning:
    table, name = relation(node.node("relation")), quoted(node.text("trigname"))
    described = f"Create trigger {name} on {table}, calling {dotted(node.names('funcname'))}()"
    return Meaning("CREATE", "trigger", f"{table}.{name}", described)


def _enum(node: Node) -> Meaning:
    name = dotted(node.names("type_name"))
    return Meaning("CREATE", "type", name, f"Create enum {name} with {counted(len(node.nodes('vals')), 'value')}")


def _alter_enum(node: Node) -> Meaning:
    name = dotted(node.names("type_name"))
    if node.text("old_val"):
        told = f"Rename value {literal(node.text('old_val'))} of enum {name} to {literal(node.text('new_val'))}"
    else:
        told = f"Add value {literal(node.text('new_val'))} to enum {name}"
    return Meaning("ALTER", "type", name, told)


def _comment(node: Node) -> Meaning:
    word, _ = object_kind(node.choice("objtype"))
    name = routine_name(node.node("object"))
    verb = "Comment on" if node.text("comment") else "Remove the comment on"
    return Meaning("OTHER", "other", name, f"{verb} {word} {name}")


def _move(node: Node) -> Meaning:
    word, category = object_kind(node.choice("object_type"))
    name = relation(node.node("relation")) or routine_name(node.node("object"))
    return Meaning("ALTER", category, name, f"Move {word} {name} to schema {quoted(node.text('newschema'))}")


def _named(
    kind: OperationType, category: Category, sentence: str, read: Callable[[Node], str]
) -> Callable[[Node], Meaning]:
    """An explainer for a statement that needs only its object's name."""

    def explained(node: Node) -> Meaning:
        name = read(node)
        return Meaning(kind, category, name, sentence.format(name).strip())

    return explained


def _of(field: str) -> Callable[[Node], str]:
    return lambda node: quoted(node.text(field)) if node.text(field) else ""


def _names_of(field: str) -> Callable[[Node], str]:
    return lambda node: dotted(node.names(field))


def _relation_of(field: str) -> Callable[[Node], str]:
    return lambda node: relation(node.node(field))


def _role_of(field: str) -> Callable[[Node], str]:
    return lambda node: role(node.node(field))


def _define(node: Node) -> Meaning:
    word, category = object_kind(node.choice("kind"))
    name = dotted(node.names("defnames"))
    return Meaning("CREATE", category, name, f"Create {word} {name}")


_EXPLAINERS: Final[dict[str, Callable[[Node], Meaning]]] = {
    "CreateStmt": _create_table,
    "CreateForeignTableStmt": lambda node: _create_table(node.node("base_stmt") or node),
    "CreateTableAsStmt": _create_table_as,
    "IndexStmt": _create_index,
    "ViewStmt": _create_view,
    "AlterTableStmt": alter_table,
    "DropStmt": _drop,
    "RenameStmt": _rename,
    "CreatePolicyStmt": _policy,
    "AlterPolicyStmt": _policy,
    "CreateFunctionStmt": _routine,
    "CreateTrigStmt": _trigger,
    "CreateEnumStmt": _enum,
    "AlterEnumStmt": _alter_enum,
    "GrantStmt": rights.grant,
    "GrantRoleStmt": rights.grant_role,
    "AlterDefaultPrivilegesStmt": rights.default_privileges,
    "CommentStmt": _comment,
    "AlterOwnerStmt": rights.owner,
    "AlterObjectSchemaStmt": _move,
    "InsertStmt": rows.rows,
    "UpdateStmt": rows.rows,
    "DeleteStmt": rows.rows,
    "MergeStmt": rows.rows,
    "TruncateStmt": rows.truncate,
    "CopyStmt": rows.copy,
    "SelectStmt": rows.select,
    "CallStmt": rows.call,
    "DoStmt": _named("OTHER", "other", "Run a code block{}", lambda _: ""),
    "AlterFunctionStmt": _named("ROUTINE", "routine", "Alter routine {}", lambda node: routine_name(node.node("func"))),
    "CompositeTypeStmt": _named("CREATE", "type", "Create composite type {}", _relation_of("typevar")),
    "CreateDomainStmt": _named("CREATE", "type", "Create domain {}", _names_of("domainname")),
    "AlterDomainStmt": _named("ALTER", "type", "Alter domain {}", _names_of("type_name")),
    "CreateRangeStmt": _named("CREATE", "type", "Create range type {}", _names_of("type_name")),
    "AlterTypeStmt": _named("ALTER", "type", "Alter type {}", _names_of("type_name")),
    "DefineStmt": _define,
    "CreateEventTrigStmt": _named("CREATE", "trigger", "Create event trigger {}", _of("trigname")),
    "AlterEventTrigStmt": _named("ALTER", "trigger", "Alter event trigger {}", _of("trigname")),
    "RuleStmt": _named("CREATE", "other", "Create rule {}", _of("rulename")),
    "CreateSchemaStmt": _named("CREATE", "other", "Create schema {}", _of("schemaname")),
    "CreateExtensionStmt": _named("CREATE", "other", "Create extension {}", _of("extname")),
    "AlterExtensionStmt": _named("ALTER", "other", "Update extension {}", _of("extname")),
    "CreateSeqStmt": _named("CREATE", "other", "Create sequence {}", _relation_of("sequence")),
    "AlterSeqStmt": _named("ALTER", "other", "Alter sequence {}", _relation_of("sequence")),
    "CreateStatsStmt": _named("CREATE", "other", "Create statistics {}", _names_of("defnames")),
    "RefreshMatViewStmt": _named("OTHER", "view", "Refresh materialized view {}", _relation_of("relation")),
    "ReindexStmt": _named("INDEX", "index", "Rebuild index of {}", _relation_of("relation")),
    "ClusterStmt": _named("OTHER", "table", "Rewrite {} in index order", _relation_of("relation")),
    "VacuumStmt": rows.vacuum,
    "CreatePublicationStmt": _named("CREATE", "other", "Create publication {}", _of("pubname")),
    "AlterPublicationStmt": _named("ALTER", "other", "Alter publication {}", _of("pubname")),
    "CreateRoleStmt": _named("GRANT", "grant", "Create role {}", _of("role")),
    "AlterRoleStmt": _named("GRANT", "grant", "Alter role {}", _role_of("role")),
    "AlterRoleSetStmt": _named("GRANT", "grant", "Change settings of role {}", _role_of("role")),
    "AlterDatabaseSetStmt": _named("ALTER", "other", "Change settings of database {}", _of("dbname")),
    "DropRoleStmt": rights.drop_roles,
    "DropOwnedStmt": rights.drop_roles,
    "CreateFdwStmt": _named("CREATE", "other", "Create foreign data wrapper {}", _of("fdwname")),
    "CreateForeignServerStmt": _named("CREATE", "other", "Create foreign server {}", _of("servername")),
    "CreateUserMappingStmt": _named("CREATE", "other", "Create user mapping for server {}", _of("servername")),
    "ImportForeignSchemaStmt": _named("CREATE", "table", "Import foreign tables into {}", _of("local_schema")),
    "NotifyStmt": _named("OTHER", "other", "Notify listeners on {}", _of("conditionname")),
    "LockStmt": _named("OTHER", "other", "Lock tables{}", lambda _: ""),
    "ExplainStmt": _named("OTHER", "other", "Explain a query{}", lambda _: ""),
    "VariableSetStmt": _named("OTHER", "other", "{} what functions name while they are made", _checks),
    "VariableShowStmt": _named("OTHER", "other", "Show setting {}", _of("name")),
}
