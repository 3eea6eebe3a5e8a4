"""Statements on rows, queries and upkeep in words."""

from __future__ import annotations

from db_migrate_tools.sql.meaning import Meaning, counted, listed
from db_migrate_tools.sql.names import dotted, relation
from db_migrate_tools.sql.node import Node


def rows(node: Node) -> Meaning:
    table = relation(node.node("relation"))
    if node.kind == "InsertStmt":
        source = node.node("select_stmt")
        rows = len(source.nodes("values_lists")) if source is not None else 0
        told = f"Insert {counted(rows, 'row')} into {table}" if rows else f"Insert the rows of a query into {table}"
    elif node.kind == "MergeStmt":
        told = f"Merge rows into {table}"
    else:
        which = "some" if node.node("where_clause") is not None else "all"
        told = f"Update {which} rows of {table}" if node.kind == "UpdateStmt" else f"Delete {which} rows of {table}"
    return Meaning("DATA", "data", table, told)


def truncate(node: Node) -> Meaning:
    tables = [relation(item) for item in node.nodes("relations")]
    return Meaning("DATA", "data", ", ".join(tables), f"Delete all rows of {listed(tables)}")


def copy(node: Node) -> Meaning:
    table = relation(node.node("relation"))
    verb = "Copy rows into" if node.flag("is_from") else "Copy rows out of"
    return Meaning("DATA", "data", table, f"{verb} {table or 'a query'}")


def select(node: Node) -> Meaning:
    into = node.node("into_clause")
    if into is not None:
        target = relation(into.node("rel"))
        return Meaning("CREATE", "table", target, f"Create table {target} from a query")
    called = [dotted(item.names("funcname")) for item in node.walk() if item.kind == "FuncCall"]
    if called and called[0].removeprefix("pg_catalog.") == "setval":
        return Meaning("DATA", "data", called[0], "Set the next value of a sequence")
    if any(part.kind in {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"} for part in node.walk()):
        return Meaning("DATA", "data", "", "Change rows inside a query")
    return Meaning("OTHER", "other", listed(called), f"Query that calls {listed(called)}()" if called else "Query")


def call(node: Node) -> Meaning:
    call = node.node("funccall")
    name = dotted(call.names("funcname")) if call is not None else ""
    return Meaning("OTHER", "other", name, f"Call procedure {name}")


def vacuum(node: Node) -> Meaning:
    tables = [relation(item.node("relation")) for item in node.nodes("rels")]
    verb = "Vacuum" if node.flag("is_vacuumcmd") else "Gather statistics of"
    return Meaning("OTHER", "other", ", ".join(tables), f"{verb} {listed(tables) or 'every table'}")
