"""Operators and operator families; a class is one statement of its own."""

from __future__ import annotations

from db_migrate_tools.schema.ddl.context import Context
from db_migrate_tools.schema.ddl.grants import after_alter, after_create
from db_migrate_tools.schema.ddl.quote import ident, qualified, target
from db_migrate_tools.schema.kinds import Operator, OperatorFamily
from db_migrate_tools.schema.model import Ref

_LINKS_SINCE = 170000


def create(item: Operator, context: Context) -> list[str]:
    left, right = operands(item.ref)
    words = [f"FUNCTION = {item.function}"]
    if left != "NONE":
        words.append(f"LEFTARG = {left}")
    words.append(f"RIGHTARG = {right}")
    pairs = (
        ("COMMUTATOR", item.commutator),
        ("NEGATOR", item.negator),
        ("RESTRICT", item.restrict),
        ("JOIN", item.join),
    )
    words += [f"{word} = {value}" for word, value in pairs if value is not None]
    words += ["HASHES"] if item.hashes else []
    words += ["MERGES"] if item.merges else []
    name = f"{ident(item.ref.schema)}.{item.ref.name[: item.ref.name.index('(')]}"
    return [f"CREATE OPERATOR {name} ({', '.join(words)})", *after_create(item, context)]


def operands(ref: Ref) -> tuple[str, str]:
    """`===(integer, text)` → integer, text; a type's own comma is in parentheses or quotes."""
    inside = ref.name[ref.name.index("(") + 1 : -1]
    quoted, depth = False, 0
    for at, letter in enumerate(inside):
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter == "(") - (letter == ")")
        if letter == "," and not quoted and not depth:
            return inside[:at], inside[at + 2 :]
    return "NONE", inside


def alter(before: Operator, after: Operator, fields: tuple[str, ...], context: Context) -> list[str]:
    """A commutator or negator that comes or goes itself brings the link or takes it along."""
    words: list[str] = []
    for word, old, new in (("RESTRICT", before.restrict, after.restrict), ("JOIN", before.join, after.join)):
        if old != new:
            words.append(f"{word} = {new or 'NONE'}")
    for word, old, new in (
        ("COMMUTATOR", before.commutator, after.commutator),
        ("NEGATOR", before.negator, after.negator),
    ):
        if old is None and new is not None and context.version >= _LINKS_SINCE and _stays(new, context):
            words.append(f"{word} = {new}")
    found = [f"ALTER {target(after)} SET ({', '.join(words)})"] if words else []
    return found + after_alter(before, after, fields, context)


def _stays(link: str, context: Context) -> bool:
    """Whether an operator of this name (as `OPERATOR(schema.name)`) is there already."""
    return any(
        ref.kind == "operator" and f"OPERATOR({ident(ref.schema)}.{ref.name[: ref.name.index('(')]})" == link
        for ref in context.base.objects.keys() - context.gone
    )


def create_family(item: OperatorFamily, context: Context) -> list[str]:
    found = [f"CREATE OPERATOR FAMILY {qualified(item.ref)}"]
    if item.members:
        found.append(f"ALTER {target(item)} ADD {', '.join(text for _, text in item.members)}")
    return found + after_create(item, context)


def alter_family(before: OperatorFamily, after: OperatorFamily, fields: tuple[str, ...], context: Context) -> list[str]:
    gone = [what for what, text in before.members if (what, text) not in after.members]
    new = [text for what, text in after.members if (what, text) not in before.members]
    found = [f"ALTER {target(after)} DROP {', '.join(gone)}"] if gone else []
    found += [f"ALTER {target(after)} ADD {', '.join(new)}"] if new else []
    return found + after_alter(before, after, fields, context)
