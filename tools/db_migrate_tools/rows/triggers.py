"""Triggers that statements on rows fire, and what their functions would write to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from db_migrate_tools.rows.book import Book
from db_migrate_tools.rows.conditions import bare, statement
from db_migrate_tools.schema.model import Ref, Trigger
from db_migrate_tools.sql.model import Statement
from db_migrate_tools.sql.node import Node

_EVENTS = re.compile(r"\b(?:BEFORE|AFTER|INSTEAD OF) (.+?) ON ", re.DOTALL)
_VERBS = {"InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "TruncateStmt": "TRUNCATE"}


def fired(one: Statement, written: Set[Ref], later: Set[Ref], before: Book, after: Book) -> Iterator[Trigger]:
    """The triggers of the tables that a statement writes to, each once, without those that are created `later`. Of
    the table that it names only those for what it does there. What is `written` is known of tables that were there
    before.
    """
    node = statement(bare(one.text)) if one.kind in _VERBS else None
    relation = node.node("relation") if node is not None else None
    name = (relation.text("schemaname"), relation.text("relname")) if relation is not None else ("", "")
    named = before.table_named(*name) or after.table_named(*name)
    target = _root(named[0], before, after) if named is not None else None
    roots = {target, *(_root(ref, before, after) for ref in written)} - {None}
    triggers = {
        item.ref: item
        for book in (after, before)
        for root in roots
        if root is not None
        for item in book.triggers.get(root, ())
    }
    for ref, trigger in sorted(triggers.items()):
        table = _root(ref.relation, before, after) if ref.relation is not None else None
        if table not in roots or ref in later or trigger.enabled not in {"origin", "always"}:
            continue
        if node is None or table != target or _is_for(trigger, node):
            yield trigger


def _root(table: Ref, before: Book, after: Book) -> Ref:
    return before.root(table) if table in before.tables else after.root(table)


def _is_for(trigger: Trigger, node: Node) -> bool:
    """Whether a trigger of the statement's table is for what it does."""
    found = _EVENTS.search(trigger.definition)
    events = found[1].split(" OR ") if found is not None else []
    conflict = node.node("on_conflict_clause")
    verbs = {_VERBS[node.kind]}
    if conflict is not None and conflict.choice("action") == "ONCONFLICT_UPDATE":
        verbs.add("UPDATE")
    for event in events:
        verb, _, columns = event.partition(" OF ")
        if verb not in verbs:
            continue
        listed = {column.strip().strip('"') for column in columns.split(",")} if columns else set[str]()
        set_here = {target.text("name") for target in node.nodes("target_list")}
        if not listed or node.kind != "UpdateStmt" or listed & set_here:
            return True
    return not events
