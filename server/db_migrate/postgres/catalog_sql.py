"""The queries that read a catalog: set-based, a fixed number whatever the size, for Postgres 14 to 18."""

from __future__ import annotations

SESSION = """
SELECT set_config('search_path', '', true), set_config('jit', 'off', true),
       set_config('DateStyle', 'ISO, MDY', true), set_config('IntervalStyle', 'postgres', true),
       set_config('TimeZone', 'UTC', true), set_config('extra_float_digits', '1', true),
       set_config('quote_all_identifiers', 'off', true), set_config('bytea_output', 'hex', true),
       set_config('standard_conforming_strings', 'on', true), set_config('xmloption', 'content', true)
"""

SERVER = """
SELECT current_setting('server_version_num')::int, current_setting('search_path'),
       (SELECT system_identifier FROM pg_control_system())::text || '/' || d.oid::text
FROM pg_database d WHERE d.datname = current_database()
"""

ROLES = "SELECT oid, rolname FROM pg_roles"

COMMENTS = """
SELECT classoid, objoid, objsubid, description FROM pg_description
WHERE (objoid >= 16384 OR classoid = 'pg_namespace'::regclass) /* some */
"""

MEMBERS = """
SELECT d.classid, d.objid, e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
"""

SCHEMAS = """
SELECT oid, nspname, nspowner, nspacl::text[] FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname <> ALL ($1::text[])
"""

EXTENSIONS = """
SELECT e.oid, e.extname, e.extowner, e.extversion, n.nspname
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'
"""

_NOT_A_MEMBER = """NOT EXISTS (SELECT FROM pg_depend m
    WHERE m.classid = '{catalog}'::regclass AND m.objid = {oid} AND m.deptype = 'e')"""

# A range type's constructors are its own.
_NOT_A_CONSTRUCTOR = """NOT EXISTS (SELECT FROM pg_depend i
    WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')"""

_USER_RELATION = f"""c.relnamespace = ANY ($1::oid[]) AND c.relpersistence <> 't'
    AND {_NOT_A_MEMBER.format(catalog="pg_class", oid="c.oid")}
    AND (c.relkind <> 'c' OR {_NOT_A_MEMBER.format(catalog="pg_type", oid="c.reltype")})"""

RELATIONS = f"""
SELECT c.oid, c.relnamespace, c.relname, c.relkind::text, c.relowner, c.relacl::text[], c.reltype,
       c.relpersistence::text, c.relrowsecurity, c.relforcerowsecurity,
       coalesce(c.reloptions, '{{}}') || CASE WHEN t.reloptions IS NULL THEN '{{}}'::text[]
         ELSE ARRAY(SELECT 'toast.' || o FROM unnest(t.reloptions) o) END, c.relreplident::text, am.amname, ts.spcname,
       CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
       c.relispopulated,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
       CASE WHEN c.relkind = 'v' THEN pg_relation_is_updatable(c.oid, false) ELSE 0 END,
       fs.srvname, ft.ftoptions, c.reloftype
FROM pg_class c
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND {_USER_RELATION} /* some */
"""

COLUMNS = f"""
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull,
       d.oid, pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, a.attidentity::text,
       CASE WHEN a.attcollation <> t.typcollation
            THEN (SELECT format('%I.%I', n.nspname, co.collname) FROM pg_collation co
                  JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
       CASE WHEN a.attstorage <> t.typstorage AND c.relkind IN ('r', 'p', 'f', 'm') THEN a.attstorage::text END,
       nullif(a.attcompression::text, ''), nullif(a.attstattarget, -1)::int, a.attoptions, a.attacl::text[],
       a.attislocal, a.attfdwoptions
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND {_USER_RELATION} /* some */
ORDER BY a.attrelid, a.attnum
"""

INHERITS = "SELECT inhrelid, inhparent FROM pg_inherits WHERE true /* some */ ORDER BY inhrelid, inhseqno"

CONSTRAINTS = f"""
SELECT con.oid, con.conname, con.contype::text, con.conrelid, con.contypid, con.conindid, con.confrelid,
       con.conkey, con.confkey, con.convalidated, con.condeferrable, con.condeferred,
       -- A table that is attached has its parent's NOT NULL, whatever it brought itself.
       con.conislocal AND NOT (con.contype = 'n' AND c.relispartition AND con.coninhcount > 0),
       con.connoinherit,
       CASE WHEN con.contype = 'n' AND con.convalidated AND NOT con.connoinherit
                 AND NOT EXISTS (SELECT FROM pg_description d WHERE d.objoid = con.oid
                                 AND d.classoid = 'pg_constraint'::regclass) AND con.conname ~ '_not_null\\d*$'
            THEN '' ELSE pg_get_constraintdef(con.oid) END
FROM pg_constraint con LEFT JOIN pg_class c ON c.oid = con.conrelid
-- Towards each partition of the table that it references a foreign key has a row of Postgres's own.
LEFT JOIN pg_constraint up ON up.oid = con.conparentid AND up.conrelid = con.conrelid AND con.contype = 'f'
WHERE up.oid IS NULL AND con.contype <> 't' AND con.connamespace = ANY ($1::oid[])
  AND (con.conrelid = 0 OR ({_USER_RELATION})) /* some */
"""

INDEXES = f"""
SELECT c.oid, c.relnamespace, c.relname, i.indrelid, pg_get_indexdef(c.oid), i.indisunique, i.indisvalid,
       i.indpred IS NOT NULL, i.indisclustered, i.indisreplident, i.indkey::int2[], i.indnkeyatts, ts.spcname,
       coalesce(st.targets, '{{}}')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN (SELECT attrelid, array_agg(attnum || ':' || attstattarget) AS targets FROM pg_attribute
           WHERE attnum > 0 AND attstattarget >= 0 /* theirs */ GROUP BY attrelid) st ON st.attrelid = c.oid
WHERE {_USER_RELATION} /* some */
"""

SEQUENCES = f"""
SELECT c.oid, c.relnamespace, c.relname, c.relowner, c.relacl::text[], c.relpersistence::text,
       format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       d.refobjid, d.refobjsubid, d.deptype::text
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
WHERE {_USER_RELATION} /* some */
"""

ROUTINES = f"""
SELECT p.oid, p.pronamespace, p.proname, p.proowner, p.proacl::text[], p.prokind::text,
       (SELECT coalesce(string_agg(format_type(t.oid, NULL), ', ' ORDER BY t.n), '')
        FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY t (oid, n)),
       CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
       pg_get_function_result(p.oid),
       coalesce(p.proallargtypes, p.proargtypes::oid[]),
       (SELECT array_agg(format_type(t.oid, NULL) ORDER BY t.n)
        FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY t (oid, n)),
       p.proargmodes::text[], p.proargnames, p.pronargdefaults, p.prorettype, p.proretset, l.lanname,
       p.provolatile::text, p.prosecdef
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = ANY ($1::oid[]) AND {_NOT_A_MEMBER.format(catalog="pg_proc", oid="p.oid")}
  AND {_NOT_A_CONSTRUCTOR} /* some */
"""

AGGREGATES = """
SELECT p.oid, format('CREATE AGGREGATE %I.%I(%s) (SFUNC = %s, STYPE = %s', n.nspname, p.proname,
         CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_get_function_arguments(p.oid) END,
         a.aggtransfn::regproc, format_type(a.aggtranstype, NULL))
       || CASE WHEN a.aggtransspace <> 0 THEN ', SSPACE = ' || a.aggtransspace ELSE '' END
       || CASE WHEN a.aggfinalfn <> 0 THEN ', FINALFUNC = ' || a.aggfinalfn::regproc
            || CASE WHEN a.aggfinalextra THEN ', FINALFUNC_EXTRA' ELSE '' END
            || ', FINALFUNC_MODIFY = ' || m.words[strpos('rsw', a.aggfinalmodify::text)] ELSE '' END
       || CASE WHEN a.aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || a.aggcombinefn::regproc ELSE '' END
       || CASE WHEN a.aggserialfn <> 0 THEN ', SERIALFUNC = ' || a.aggserialfn::regproc ELSE '' END
       || CASE WHEN a.aggdeserialfn <> 0 THEN ', DESERIALFUNC = ' || a.aggdeserialfn::regproc ELSE '' END
       || CASE WHEN a.agginitval IS NOT NULL THEN ', INITCOND = ' || quote_literal(a.agginitval) ELSE '' END
       || CASE WHEN a.aggmtransfn <> 0 THEN ', MSFUNC = ' || a.aggmtransfn::regproc
            || ', MINVFUNC = ' || a.aggminvtransfn::regproc || ', MSTYPE = ' || format_type(a.aggmtranstype, NULL)
            || CASE WHEN a.aggmtransspace <> 0 THEN ', MSSPACE = ' || a.aggmtransspace ELSE '' END
            || CASE WHEN a.aggmfinalfn <> 0 THEN ', MFINALFUNC = ' || a.aggmfinalfn::regproc
                 || CASE WHEN a.aggmfinalextra THEN ', MFINALFUNC_EXTRA' ELSE '' END
                 || ', MFINALFUNC_MODIFY = ' || m.words[strpos('rsw', a.aggmfinalmodify::text)] ELSE '' END
            || CASE WHEN a.aggminitval IS NOT NULL THEN ', MINITCOND = ' || quote_literal(a.aggminitval) ELSE '' END
          ELSE '' END
       || CASE WHEN a.aggsortop <> 0 THEN (SELECT format(', SORTOP = OPERATOR(%I.%s)', sn.nspname, o.oprname)
            FROM pg_operator o JOIN pg_namespace sn ON sn.oid = o.oprnamespace WHERE o.oid = a.aggsortop) ELSE '' END
       || CASE a.aggkind WHEN 'h' THEN ', HYPOTHETICAL' ELSE '' END
       || CASE p.proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' ELSE '' END
       || ')'
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN (SELECT ARRAY['READ_ONLY', 'SHAREABLE', 'READ_WRITE'] AS words) m
WHERE p.pronamespace = ANY ($1::oid[]) /* some */
"""

TRIGGERS = f"""
SELECT t.oid, t.tgrelid, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text, t.tgfoid, t.tgparentid,
       p.tgenabled::text, t.tgconstraint
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
WHERE NOT t.tgisinternal AND {_USER_RELATION} /* some */
"""

POLICIES = f"""
SELECT p.oid, p.polrelid, p.polname, p.polcmd::text, p.polpermissive, p.polroles,
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE {_USER_RELATION} /* some */
"""

TYPES = f"""
SELECT t.oid, t.typnamespace, t.typname, t.typtype::text, t.typowner, t.typacl::text[], t.typrelid, t.typelem,
       t.typcategory = 'A' AND t.typelem <> 0,
       CASE t.typtype WHEN 'e' THEN
         (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) END,
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typbasetype, t.typnotnull,
       CASE t.typtype WHEN 'd' THEN coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)) END,
       CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
            THEN (SELECT format('%I.%I', n.nspname, co.collname) FROM pg_collation co
                  JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = t.typcollation) END,
       CASE t.typtype WHEN 'r' THEN (
         SELECT array_remove(ARRAY[
           'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
           (SELECT format('SUBTYPE_OPCLASS = %I.%I', n.nspname, oc.opcname) FROM pg_opclass oc
            JOIN pg_namespace n ON n.oid = oc.opcnamespace WHERE oc.oid = r.rngsubopc AND NOT oc.opcdefault),
           (SELECT format('COLLATION = %I.%I', n.nspname, co.collname) FROM pg_collation co
            JOIN pg_namespace n ON n.oid = co.collnamespace JOIN pg_type st ON st.oid = r.rngsubtype
            WHERE co.oid = r.rngcollation AND co.oid <> st.typcollation),
           CASE WHEN r.rngcanonical <> 0 THEN 'CANONICAL = ' || r.rngcanonical::regproc END,
           CASE WHEN r.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF = ' || r.rngsubdiff::regproc END,
           (SELECT format('MULTIRANGE_TYPE_NAME = %I.%I', n.nspname, mt.typname) FROM pg_type mt
            JOIN pg_namespace n ON n.oid = mt.typnamespace WHERE mt.oid = r.rngmultitypid)], NULL)
         FROM pg_range r WHERE r.rngtypid = t.oid) END,
       (SELECT r.rngtypid FROM pg_range r WHERE t.typtype = 'm' AND r.rngmultitypid = t.oid)
FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.typnamespace = ANY ($1::oid[]) AND {_NOT_A_MEMBER.format(catalog="pg_type", oid="t.oid")} /* some */
"""

DEFAULT_ACLS = """
SELECT oid, defaclrole, defaclnamespace, defaclobjtype::text, defaclacl::text[] FROM pg_default_acl
WHERE defaclnamespace = 0 OR defaclnamespace = ANY ($1::oid[])
"""

REWRITES = """
SELECT oid, ev_class FROM pg_rewrite WHERE ev_class >= 16384 AND rulename = '_RETURN' /* some */
"""

DEPENDENCIES = """
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid FROM pg_depend
WHERE objid >= 16384 /* some */ AND deptype IN ('n', 'a', 'i', 'P', 'S', 'x') AND (refobjid >= 16384 OR refobjid = 2200)
  AND NOT (deptype = 'i' AND (classid IN ('pg_type'::regclass, 'pg_trigger'::regclass)
                              OR (classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass)))
  AND NOT (deptype = 'a' AND classid = 'pg_attrdef'::regclass)
"""


def some(query: str, condition: str, theirs: str = "") -> str:
    """A query of the above for some of its rows; the oids are its last parameters."""
    return query.replace("/* some */", f"AND {condition}").replace("/* theirs */", theirs)


_INDEXES_OF = "(SELECT indexrelid FROM pg_index WHERE indrelid = ANY ({}::oid[]))"

SOME_COMMENTS = some(COMMENTS, "objoid = ANY ($1::oid[])")
_DEPENDENCIES_OF_ONE = some(
    DEPENDENCIES,
    "objid = asked.oid AND classid IN (1259, 1247, 1255, 2606, 2604, 2618, 2620, 3256)",
)
# One by one, so that the planner does not come to think that those of a whole schema are wanted.
_SOME_DEPENDENCIES = f"""
SELECT found.* FROM unnest($1::oid[]) AS asked (oid) CROSS JOIN LATERAL ({_DEPENDENCIES_OF_ONE} OFFSET 0) AS found
"""
_PARTS = (
    some(RELATIONS, "c.oid = ANY ($2::oid[])"),
    some(COLUMNS, "c.oid = ANY ($2::oid[])"),
    some(INHERITS, f"inhrelid = ANY ($2::oid[] || ARRAY{_INDEXES_OF.format('$2')})"),
    # Not one condition with OR: a plan for any parameters would go through all constraints.
    some(CONSTRAINTS, "con.conrelid = ANY ($2::oid[])"),
    some(CONSTRAINTS, "con.conrelid = 0 AND con.contypid = ANY ($3::oid[])"),
    some(INDEXES, "i.indrelid = ANY ($2::oid[])", f"AND attrelid IN {_INDEXES_OF.format('$2')}"),
    some(TRIGGERS, "t.tgrelid = ANY ($2::oid[])"),
    some(POLICIES, "p.polrelid = ANY ($2::oid[])"),
    some(REWRITES, "ev_class = ANY ($2::oid[])"),
    some(TYPES, "t.oid = ANY ($3::oid[])"),
    some(SEQUENCES, "c.oid = ANY ($4::oid[])"),
    some(ROUTINES, "p.oid = ANY ($5::oid[])"),
    some(AGGREGATES, "p.oid = ANY ($5::oid[])"),
)


_NUMBERS = ("con.conkey", "con.confkey", "i.indkey::int2[]")


def _together(*queries: str) -> str:
    """One row with the rows of each query: one journey for all."""
    for known in _NUMBERS:
        # Of arrays inside of rows asyncpg knows text[] and oid[] only.
        queries = tuple(query.replace(f"{known},", f"{known}::text[],") for query in queries)
    return "SELECT " + ",\n".join(f"ARRAY(SELECT q FROM ({query}) AS q)" for query in queries)


SOME = _together(*_PARTS)
"""$1 the schemas that are read, $2 relations, $3 types, $4 sequences, $5 routines: relations, columns, parents,
constraints of tables, of domains, indexes, triggers, policies, rules of views, types, sequences, routines, aggregates.
"""
SOME_WORDS = _together(SOME_COMMENTS, _SOME_DEPENDENCIES)
"""$1 objects: their comments, and what they depend on."""
