"""One walk over a statement: what it mentions, calls and may change, for the explanation and the refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from db_migrate_tools.sql.names import dotted, object_name, relation
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.words import word_set

_DML: Final = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_RELATION_DROPS: Final = frozenset(
    {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_INDEX", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"}
)
_PARTS_OF_RELATION: Final = frozenset(
    {"OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_COLUMN", "OBJECT_TABCONSTRAINT"}
)
_QUERIES: Final = frozenset({"SelectStmt", "CreateTableAsStmt", "ExplainStmt", "RefreshMatViewStmt"}) | _DML
# Functions that only compute: a query calling nothing else does what its text says.
_PURE: Final = word_set(
    """abs age array_agg array_append array_length array_position array_remove array_to_string avg bool_and bool_or
    btrim cardinality ceil char_length clock_timestamp coalesce concat concat_ws count crypt current_database
    current_schema current_setting current_user date_part date_trunc decode dense_rank digest encode every exp extract
    first_value floor format gen_random_bytes gen_random_uuid gen_salt generate_series greatest initcap isfinite
    json_agg json_array_elements json_build_array json_build_object json_object_agg jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_object_agg
    jsonb_object_keys jsonb_set jsonb_typeof lag last_value lead least left length ln log lower lpad ltrim make_date
    make_interval make_timestamp max md5 min mod now nullif obj_description percentile_cont pg_column_size
    pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_viewdef pg_relation_size pg_size_pretty
    pg_table_size pg_total_relation_size pg_typeof position power quote_ident quote_literal random rank regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table repeat replace reverse right round
    row_number row_to_json rpad rtrim sha256 sign split_part sqrt statement_timestamp string_agg string_to_array strpos
    substr substring sum timezone to_char to_date to_json to_jsonb to_number to_regclass to_timestamp to_tsquery
    to_tsvector translate trim trunc unnest upper uuid_generate_v4 version xpath auth.uid auth.role auth.jwt
    extensions.uuid_generate_v4 extensions.gen_random_uuid extensions.crypt extensions.gen_salt"""
)


@dataclass(frozen=True, slots=True)
class Survey:
    """`functions` are called ones as name parts; `bodies` the source texts of DO blocks and routines;
    `literals` the string constants; `words` every other string in the tree: names and options.
    """

    relations: tuple[str, ...]
    functions: tuple[tuple[str, ...], ...]
    bodies: tuple[str, ...]
    literals: tuple[str, ...]
    words: frozenset[str]
    changes_rows: bool
    parameters: bool


def survey(node: Node) -> Survey:
    """Walk the statement once."""
    relations: dict[str, None] = {}
    named_queries: set[str] = set()
    functions: list[tuple[str, ...]] = []
    bodies: list[str] = []
    literals: list[str] = []
    words: set[str] = set()
    changes = parameters = False
    in_routine = node.kind in {"CreateFunctionStmt", "RuleStmt"}  # what they hold runs later, if ever
    for part in node.walk_noting(literals, words):
        kind = part.kind
        if kind == "RangeVar":
            relations[relation(part)] = None
        elif kind == "CommonTableExpr":
            named_queries.add(dotted([part.text("ctename")]))
        elif kind == "FuncCall":
            functions.append(part.names("funcname"))
        elif kind == "ParamRef":
            parameters = parameters or not in_routine
        elif kind in _DML:
            changes = changes or not in_routine
        elif kind == "DefElem" and part.text("defname") == "as" and node.kind in {"CreateFunctionStmt", "DoStmt"}:
            bodies += object_name(part.node("arg"))
    for named in named_queries:
        relations.pop(named, None)
    if node.kind == "CompositeTypeStmt":
        relations.pop(relation(node.node("typevar")), None)
    for extra in _pointed_at(node):
        relations[extra] = None
    return Survey(
        relations=tuple(relations),
        functions=tuple(functions),
        bodies=tuple(bodies),
        literals=tuple(literals),
        words=frozenset(words) - frozenset(bodies),
        changes_rows=changes or _changes_rows(node),
        parameters=parameters,
    )


def _pointed_at(node: Node) -> list[str]:
    """Relations that DROP and COMMENT name as plain lists of words."""
    if node.kind == "DropStmt":
        what = node.choice("remove_type")
        names = [object_name(item) for item in node.nodes("objects")]
    elif node.kind == "CommentStmt":
        what = node.choice("objtype")
        names = [object_name(node.node("object"))]
    else:
        return []
    if what in _RELATION_DROPS:
        return [dotted(name) for name in names]
    if what in _PARTS_OF_RELATION:
        return [dotted(name[:-1]) for name in names if len(name) > 1]
    return []


def _changes_rows(node: Node) -> bool:
    if node.kind == "CopyStmt":
        return node.flag("is_from")
    return node.kind == "TruncateStmt"


def is_opaque(node: Node, found: Survey) -> bool:
    """Whether only running it can show what it does: code blocks, calls, queries of functions not known to compute."""
    if node.kind in {"DoStmt", "CallStmt", "ExecuteStmt"}:
        return True
    if node.kind not in _QUERIES:
        return False
    return any(not _is_pure(name) for name in found.functions)


def _is_pure(name: tuple[str, ...]) -> bool:
    parts = name[1:] if name[:1] == ("pg_catalog",) else name
    return ".".join(parts) in _PURE


def is_query(node: Node, found: Survey) -> bool:
    """Whether the statement only reads: a SELECT without INTO, or EXPLAIN or SHOW, calling nothing unknown."""
    if node.kind == "VariableShowStmt":
        return True
    if node.kind == "ExplainStmt":
        inner = node.node("query")
        return (
            inner is not None and inner.kind == "SelectStmt" and not found.changes_rows and not is_opaque(node, found)
        )
    if node.kind != "SelectStmt" or node.node("into_clause") is not None:
        return False
    return not found.changes_rows and not is_opaque(node, found)


def is_transactional(node: Node) -> bool:
    """Whether Postgres lets the statement run inside a transaction."""
    kind = node.kind
    if kind == "IndexStmt":
        return not node.flag("concurrent")
    if kind == "DropStmt":
        return not node.flag("concurrent")
    if kind == "ReindexStmt":
        wide = node.choice("kind") in {"REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"}
        return not wide and not any(option.text("defname") == "concurrently" for option in node.nodes("params"))
    if kind == "VacuumStmt":
        return not node.flag("is_vacuumcmd")
    if kind == "ClusterStmt":
        return node.node("relation") is not None
    if kind == "AlterTableStmt":
        return not any(
            command.choice("subtype") == "AT_DetachPartition" and _concurrent(command) for command in node.nodes("cmds")
        )
    if kind in {"CreateSubscriptionStmt", "DropSubscriptionStmt", "AlterSubscriptionStmt"}:
        return False
    return kind not in {"CreateTableSpaceStmt", "DropTableSpaceStmt", "CreatedbStmt", "DropdbStmt", "AlterSystemStmt"}


def _concurrent(command: Node) -> bool:
    partition = command.node("def")
    return partition is not None and partition.flag("concurrent")
