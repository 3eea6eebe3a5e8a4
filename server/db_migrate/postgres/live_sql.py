"""The queries of a live catalog: which rows of the system catalogs are new, and which objects they belong to."""

from __future__ import annotations

# It is taken back by whatever takes back the statements before it, and so tells whether all of them still hold.
MARK = "SET db_migrate.look = '{}'"

# Transaction ids of a shadow never come round.
FIRST = """
SELECT pg_snapshot_xmax(pg_current_snapshot())::text, (SELECT count(*) FROM pg_depend WHERE refclassid = 3079)
"""
CATALOGS = """
SELECT oid, relname::text, has_table_privilege('public', oid, 'SELECT') FROM pg_class
WHERE oid < 16384 AND relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace
"""
ORIGIN = """
SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system())::pg_catalog.text || '/' || d.oid::pg_catalog.text
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""

# $1 the system catalogs, $2 the youngest transaction seen so far.
STATE = """
SELECT transaction_timestamp()::text, pg_current_xact_id_if_assigned()::text, age($2::text::xid),
       current_setting('db_migrate.look', true), current_setting('db_migrate.path'),
       ARRAY(SELECT pg_stat_get_xact_tuples_inserted(o) + pg_stat_get_xact_tuples_updated(o) FROM unnest($1::oid[]) o),
       ARRAY(SELECT pg_stat_get_xact_tuples_deleted(o) FROM unnest($1::oid[]) o),
       ARRAY(SELECT q FROM (SELECT oid, rolname FROM pg_roles) AS q),
       greatest((SELECT max(oid) FROM pg_class), (SELECT max(oid) FROM pg_type), (SELECT max(oid) FROM pg_proc),
                (SELECT max(oid) FROM pg_constraint), (SELECT max(oid) FROM pg_attrdef))::int8
"""

# $1 is the age of the youngest transaction seen so far; its rows may have become more, so they are looked at again.
# $2 are transactions that were open then and may have gone on writing.
NEW = "(age({0}.xmin) <= $1::int OR {0}.xmin = ANY ($2::xid[]))"


def _changed(table: str, *found: tuple[str, str, str], where: str = "true") -> str:
    """Rows (what, oid, age): for each of `found`, its letter, the expression of its oid, a condition."""
    return "\nUNION ALL\n".join(
        f"SELECT {letter}, {oid}::int8, min(age(r.xmin)) FROM {table} r "
        f"WHERE {condition} AND {where} AND {NEW.format('r')} GROUP BY 1, 2"
        for letter, oid, condition in found
    )


_CLASSES = """CASE {0} WHEN 1259 THEN 'c' WHEN 1247 THEN 't' WHEN 1255 THEN 'p' WHEN 2606 THEN 'k' WHEN 2604 THEN 'd'
  WHEN 2618 THEN 'w' WHEN 2620 THEN 'g' WHEN 3256 THEN 'y' WHEN 2615 THEN 'n' WHEN 826 THEN 'n' WHEN 3079 THEN '!'
  ELSE 'x' END"""
_OWN = "CASE WHEN r.oid < 16384 THEN '!' ELSE '{0}' END"

CHANGED = {
    "pg_class": _changed("pg_class", (_OWN.format("c"), "r.oid", "true")),
    "pg_attribute": _changed("pg_attribute", ("'c'", "r.attrelid", "r.attnum > 0 AND r.attrelid >= 16384")),
    "pg_attrdef": _changed("pg_attrdef", ("'c'", "r.adrelid", "true")),
    "pg_constraint": _changed(
        "pg_constraint", ("'c'", "r.conrelid", "r.conrelid <> 0"), ("'t'", "r.contypid", "r.contypid <> 0")
    ),
    "pg_index": _changed("pg_index", ("'c'", "r.indrelid", "true")),
    "pg_inherits": _changed("pg_inherits", ("'c'", "r.inhrelid", "true")),
    "pg_trigger": _changed("pg_trigger", ("'c'", "r.tgrelid", "true"))
    + f"""
UNION ALL
SELECT 'c', child.tgrelid::int8, NULL FROM pg_trigger r JOIN pg_trigger child ON child.tgparentid = r.oid
WHERE NOT r.tgisinternal AND {NEW.format("r")}""",
    "pg_policy": _changed("pg_policy", ("'c'", "r.polrelid", "true")),
    "pg_rewrite": _changed(
        "pg_rewrite", ("CASE WHEN r.rulename = '_RETURN' THEN 'c' ELSE 'x' END", "r.ev_class", "true")
    ),
    "pg_sequence": _changed("pg_sequence", ("'c'", "r.seqrelid", "true")),
    "pg_foreign_table": _changed("pg_foreign_table", ("'c'", "r.ftrelid", "true")),
    "pg_partitioned_table": _changed("pg_partitioned_table", ("'c'", "r.partrelid", "true")),
    "pg_type": _changed("pg_type", (_OWN.format("t"), "r.oid", "true")),
    "pg_enum": _changed("pg_enum", ("'t'", "r.enumtypid", "true")),
    "pg_range": _changed("pg_range", ("'t'", "r.rngtypid", "true")),
    "pg_proc": _changed("pg_proc", (_OWN.format("p"), "r.oid", "true")),
    "pg_aggregate": _changed("pg_aggregate", ("'p'", "r.aggfnoid::oid", "true")),
    "pg_namespace": _changed("pg_namespace", ("'n'", "r.oid", "true")),
    "pg_default_acl": _changed("pg_default_acl", ("'n'", "r.oid", "true")),
    "pg_description": _changed("pg_description", (_CLASSES.format("r.classoid::int8"), "r.objoid", "true")),
    "pg_depend": _changed(
        "pg_depend",
        (
            f"CASE WHEN r.deptype IN ('e', 'x') THEN '!' ELSE {_CLASSES.format('r.classid::int8')} END",
            "r.objid",
            "r.objid >= 16384",
        ),
    ),
}
"""By system catalog: c a relation, t a type, p a routine, k a constraint, d a default, w a view's rule, g a trigger,
y a policy, n a schema or default privileges, x an object of a rarer kind, ! something that asks for reading all."""

PROBES = {
    "pg_depend": f"""
SELECT CASE WHEN r.deptype IN ('e', 'x') THEN '!' ELSE {_CLASSES.format("r.classid::int8")} END, r.objid::int8,
       min(age(r.xmin)), count(*)
FROM pg_depend r WHERE r.classid = ANY ($3::oid[]) AND r.objid > $2::int8::oid AND age(r.xmin) < $1::int GROUP BY 1, 2
""",
    "pg_attribute": """
SELECT 'c', r.attrelid::int8, min(age(r.xmin)), count(*)
FROM (SELECT attrelid, xmin FROM pg_attribute WHERE attrelid > $2::int8::oid
      UNION ALL
      SELECT a.attrelid, a.xmin
      FROM (SELECT DISTINCT l.relation FROM pg_locks l
            WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.relation BETWEEN 16384 AND $2::int8::oid
              AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')) AS held
      JOIN pg_attribute a ON a.attrelid = held.relation) AS r
WHERE age(r.xmin) < $1::int AND $3::oid[] IS NOT NULL GROUP BY 2
""",
}
"""Where new rows of the largest catalogs are likely to be: with objects that are new themselves ($2 is the highest oid
of the last look) and with tables that this transaction has locked. Rows as in CHANGED, and how many of the catalog's
rows each stands for: whether that is all, only the counters tell. $1 is the age of the youngest transaction seen so
far, $3 the system catalogs.
"""

IGNORED = frozenset(
    {
        "pg_statistic",
        "pg_statistic_ext_data",
        "pg_shdepend",
        "pg_auth_members",
        "pg_shdescription",
        "pg_largeobject",
        "pg_largeobject_metadata",
        "pg_database",
        "pg_tablespace",
        "pg_replication_origin",
        "pg_parameter_acl",
        "pg_shseclabel",
    }
)
"""Nothing of a catalog comes from these, or what does belongs to no database."""


def others(catalogs: list[str]) -> str:
    """How many rows those catalogs have, and whether one is new: of catalogs whose changes are not told apart."""
    return "\nUNION ALL\n".join(
        f"SELECT '{name}', count(*), count(*) FILTER (WHERE {NEW.format('r')}) FROM pg_catalog.{name} r"
        for name in catalogs
    )


# $1 relations of any kind, $2 constraints, $3 defaults, $4 rules, $5 triggers, $6 policies.
RESOLVE = """
WITH owner (oid) AS (
  SELECT unnest($1::oid[])
  UNION SELECT conrelid FROM pg_constraint WHERE oid = ANY ($2::oid[])
  UNION SELECT adrelid FROM pg_attrdef WHERE oid = ANY ($3::oid[])
  UNION SELECT ev_class FROM pg_rewrite WHERE oid = ANY ($4::oid[])
  UNION SELECT tgrelid FROM pg_trigger WHERE oid = ANY ($5::oid[])
  UNION SELECT polrelid FROM pg_policy WHERE oid = ANY ($6::oid[]))
SELECT CASE c.relkind WHEN 'S' THEN 's' WHEN 't' THEN '' ELSE 'r' END, coalesce(i.indrelid, c.oid)::int8
FROM owner JOIN pg_class c ON c.oid = owner.oid LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid >= 16384
UNION SELECT 't', contypid::int8 FROM pg_constraint WHERE oid = ANY ($2::oid[]) AND contypid <> 0
UNION SELECT 'r', d.refobjid::int8 FROM owner
JOIN pg_depend d ON d.classid = 1259 AND d.objid = owner.oid AND d.objsubid = 0 AND d.refclassid = 1259
  AND d.refobjsubid > 0 AND d.deptype = 'i'
JOIN pg_class c ON c.oid = owner.oid AND c.relkind = 'S'
"""

# $1 types: what they are in the end, r with the relation behind a row type, t itself, ! for what C code defines.
TYPES = """
WITH asked AS (
  SELECT t.* FROM pg_type t WHERE t.oid = ANY ($1::oid[]) AND NOT (t.typcategory = 'A' AND t.typelem <> 0)
  UNION SELECT e.* FROM pg_type t JOIN pg_type e ON e.oid = t.typelem
  WHERE t.oid = ANY ($1::oid[]) AND t.typcategory = 'A' AND t.typelem <> 0)
SELECT CASE WHEN typrelid <> 0 THEN 'r' WHEN typtype IN ('e', 'd', 'r') THEN 't' WHEN typtype = 'm' THEN 't'
       ELSE '!' END,
       CASE WHEN typrelid <> 0 THEN typrelid WHEN typtype = 'm'
            THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = asked.oid) ELSE oid END::int8
FROM asked WHERE oid >= 16384
"""

# $1 relations, $2 types: the sequences that the relations own, and all types that come with either.
OWNED = """
WITH own (oid) AS (
  SELECT reltype FROM pg_class WHERE oid = ANY ($1::oid[]) AND reltype <> 0
  UNION SELECT unnest($2::oid[])
  UNION SELECT rngmultitypid FROM pg_range WHERE rngtypid = ANY ($2::oid[]))
SELECT 's', d.objid::int8 FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
WHERE d.classid = 1259 AND d.objsubid = 0 AND d.refclassid = 1259 AND d.refobjid = ANY ($1::oid[])
  AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
UNION ALL SELECT 't', oid::int8 FROM own
UNION ALL SELECT 't', t.typarray::int8 FROM pg_type t JOIN own ON own.oid = t.oid WHERE t.typarray <> 0
"""

# $1 classes and $2 oids of what others may name in their texts: who they are. Without $3 only those whose texts
# are whole queries, which a column more may change, too.
DEPENDENTS = """
WITH named (class, oid) AS (
  SELECT * FROM unnest($1::oid[], $2::oid[])
  UNION SELECT 1247, c.reltype FROM pg_class c WHERE c.oid = ANY ($2::oid[]) AND c.reltype <> 0),
with_types (class, oid) AS (
  SELECT * FROM named
  UNION SELECT 1247, r.rngmultitypid FROM named JOIN pg_range r ON named.class = 1247 AND r.rngtypid = named.oid),
everything (class, oid) AS (
  SELECT * FROM with_types
  UNION SELECT 1247, t.typarray FROM with_types w JOIN pg_type t ON w.class = 1247 AND t.oid = w.oid
  WHERE t.typarray <> 0)
SELECT DISTINCT {classes}, d.objid::int8 FROM everything e
JOIN pg_depend d ON d.refclassid = e.class AND d.refobjid = e.oid
WHERE d.objid >= 16384 AND d.deptype IN ('n', 'a', 'i', 'P', 'S', 'x')
  AND ($3::bool OR d.classid IN (2618, 3256, 1255))
""".format(classes=_CLASSES.format("d.classid::int8"))

PRESENT = {
    "pg_class": (1259, "SELECT array_agg(oid::int8) FROM pg_class WHERE oid >= 16384"),
    "pg_type": (1247, "SELECT array_agg(oid::int8) FROM pg_type WHERE oid >= 16384"),
    "pg_proc": (1255, "SELECT array_agg(oid::int8) FROM pg_proc WHERE oid >= 16384"),
    "pg_constraint": (2606, "SELECT array_agg(oid::int8) FROM pg_constraint WHERE oid >= 16384"),
    "pg_trigger": (2620, "SELECT array_agg(oid::int8) FROM pg_trigger WHERE oid >= 16384 AND NOT tgisinternal"),
    "pg_policy": (3256, "SELECT array_agg(oid::int8) FROM pg_policy WHERE oid >= 16384"),
}
"""Which objects there are, by the system catalog: its oid and the query."""

SELF_OWNED = """
SELECT objid::int8 FROM pg_depend
WHERE classid = 1259 AND objid = ANY ($1::oid[]) AND objsubid = 0 AND refclassid = 1259 AND refobjsubid > 0
  AND deptype = 'a'
"""
EXTENSION_LINKS = "SELECT count(*) FROM pg_depend WHERE refclassid = 3079"
COMMENT_KEYS = """
SELECT classoid::int8, objoid::int8, objsubid FROM pg_description WHERE objoid >= 16384 OR classoid = 2615
"""
