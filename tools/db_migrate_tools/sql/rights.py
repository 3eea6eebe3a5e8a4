"""Privileges, owners and roles in words."""

from __future__ import annotations

from db_migrate_tools.sql.alterations import role
from db_migrate_tools.sql.meaning import Meaning, listed
from db_migrate_tools.sql.names import dotted, object_name, quoted, relation, routine_name
from db_migrate_tools.sql.node import Node
from db_migrate_tools.sql.objects import object_kind


def grant(node: Node) -> Meaning:
    given = [a.text("priv_name").upper() for a in node.nodes("privileges") if a.text("priv_name")] or ["all privileges"]
    names = [
        routine_name(item) if item.kind == "ObjectWithArgs" else dotted(object_name(item))
        for item in node.nodes("objects")
    ]
    word = object_kind(node.choice("objtype"))[0]
    wide = node.choice("targtype") == "ACL_TARGET_ALL_IN_SCHEMA"
    where = f"every {word} in schema {listed(names)}" if wide else f"{word} {listed(names)}"
    people = listed([role(person) for person in node.nodes("grantees")])
    verb, side = ("Grant", "to") if node.flag("is_grant") else ("Revoke", "from")
    return Meaning("GRANT", "grant", ", ".join(names), f"{verb} {listed(given)} on {where} {side} {people}")


def grant_role(node: Node) -> Meaning:
    roles = listed([quoted(item.text("priv_name")) for item in node.nodes("granted_roles")])
    people = listed([role(person) for person in node.nodes("grantee_roles")])
    verb, side = ("Grant", "to") if node.flag("is_grant") else ("Revoke", "from")
    return Meaning("GRANT", "grant", roles, f"{verb} role {roles} {side} {people}")


def default_privileges(node: Node) -> Meaning:
    action = node.node("action")
    verb = "Grant" if action is not None and action.flag("is_grant") else "Revoke"
    return Meaning("GRANT", "grant", "default privileges", f"{verb} privileges on objects created later")


def owner(node: Node) -> Meaning:
    word, _ = object_kind(node.choice("object_type"))
    name = relation(node.node("relation")) or routine_name(node.node("object"))
    return Meaning("ALTER", "grant", name, f"Change the owner of {word} {name} to {role(node.node('newowner'))}")


def drop_roles(node: Node) -> Meaning:
    names = listed([role(item) for item in node.nodes("roles")])
    told = f"Drop role {names}" if node.kind == "DropRoleStmt" else f"Drop everything that {names} owns"
    return Meaning("DROP", "grant", names, told)
