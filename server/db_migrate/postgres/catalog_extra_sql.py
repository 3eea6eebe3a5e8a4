"""The one query of a catalog's rarer kinds, for Postgres 14 to 18; nothing in it needs a superuser."""

from __future__ import annotations

# Each part: kind, system catalog, oid, schema, name, relation, owner, acl, and the rest as JSON.
_OWN = """NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = {catalog} AND m.objid = {oid}
    AND m.deptype IN ('e', 'i'))"""
_OPTIONS = """(SELECT coalesce(jsonb_agg(jsonb_build_array(o.option_name, coalesce(o.option_value, ''))
    ORDER BY o.option_name), '[]') FROM pg_options_to_table({}) o)"""


def _own(catalog: int, oid: str) -> str:
    return f"{oid} >= 16384 AND " + _OWN.format(catalog=catalog, oid=oid)


_RULES = """
SELECT 'rule'::text AS kind, 2618::int8 AS catalog, r.oid::int8 AS oid, c.relnamespace::int8 AS schema,
  r.rulename::text AS name, c.oid::int8 AS relation, 0::int8 AS owner, NULL::text[] AS acl,
  jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled) AS data
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE r.rulename <> '_RETURN' AND c.relnamespace = ANY ($1::oid[]) AND c.relpersistence <> 't'
"""

_EVENT_TRIGGERS = f"""
SELECT 'event-trigger', 3466, e.oid, 0, e.evtname, 0, e.evtowner, NULL,
  jsonb_build_object('event', e.evtevent, 'tags', coalesce(to_jsonb(e.evttags), '[]'), 'enabled', e.evtenabled,
    'function', (SELECT format('%I.%I', n.nspname, p.proname) FROM pg_proc p
                 JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = e.evtfoid))
FROM pg_event_trigger e WHERE {_own(3466, "e.oid")}
"""

_PUBLICATIONS = """
SELECT 'publication', 6104, p.oid, 0, p.pubname, 0, p.pubowner, NULL,
  jsonb_build_object('all_tables', p.puballtables, 'via_root', p.pubviaroot, 'generated', {generated},
    'publish', to_jsonb(array_remove(ARRAY[CASE WHEN p.pubinsert THEN 'insert' END,
      CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
      CASE WHEN p.pubtruncate THEN 'truncate' END], NULL)))
FROM pg_publication p WHERE {own}
"""

_PUBLICATION_TABLES = """
SELECT 'publication-table', 6106, r.oid, c.relnamespace, p.pubname, c.oid, p.pubowner, NULL, {data}
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
WHERE c.relnamespace = ANY ($1::oid[])
"""
_PUBLICATION_TABLE_DATA = """jsonb_build_object('where', pg_get_expr(r.prqual, r.prrelid), 'columns',
  (SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_attribute a
   WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])))"""

_PUBLICATION_SCHEMAS = """
SELECT 'publication-schema', 6237, s.oid, s.pnnspid, p.pubname, 0, p.pubowner, NULL, '{}'::jsonb
FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid WHERE s.pnnspid = ANY ($1::oid[])
"""

_SUBSCRIPTIONS = """
SELECT 'subscription', 6100, s.oid, 0, s.subname, 0, s.subowner, NULL,
  jsonb_build_object('publications', to_jsonb(s.subpublications), 'slot', s.subslotname, 'enabled', s.subenabled,
    'options', jsonb_build_array({options}))
FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SUBSCRIPTION_OPTIONS = (
    (0, "binary", "s.subbinary::text"),
    (0, "streaming", "s.substream::text"),
    (0, "synchronous_commit", "s.subsynccommit"),
    (150000, "two_phase", "(s.subtwophasestate <> 'd')::text"),
    (150000, "disable_on_error", "s.subdisableonerr::text"),
    (160000, "password_required", "s.subpasswordrequired::text"),
    (160000, "run_as_owner", "s.subrunasowner::text"),
    (160000, "origin", "s.suborigin"),
    (170000, "failover", "s.subfailover::text"),
)

_STATISTICS = f"""
SELECT 'statistics', 3381, s.oid, s.stxnamespace, s.stxname, s.stxrelid, s.stxowner, NULL,
  jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid), 'target', nullif(s.stxstattarget, -1),
    'name', format('%I.%I', n.nspname, s.stxname), 'table', s.stxrelid::regclass::text,
    'expressions', to_jsonb(pg_get_statisticsobjdef_expressions(s.oid)),
    'columns', (SELECT jsonb_agg(quote_ident(a.attname) ORDER BY a.attname) FROM pg_attribute a
                WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys::int2[])))
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
WHERE s.stxnamespace = ANY ($1::oid[]) AND {_own(3381, "s.oid")}
"""

_CASTS = f"""
SELECT 'cast', 2605, c.oid, 0, format('%s AS %s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
  0, 0, NULL, jsonb_build_object('definition', format('CREATE CAST (%s AS %s) %s%s',
    format_type(c.castsource, NULL), format_type(c.casttarget, NULL),
    CASE c.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || c.castfunc::regprocedure WHEN 'i' THEN 'WITH INOUT'
      ELSE 'WITHOUT FUNCTION' END,
    CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END))
FROM pg_cast c WHERE {_own(2605, "c.oid")}
"""

_OPERATORS = f"""
SELECT 'operator', 2617, o.oid, o.oprnamespace, format('%s(%s, %s)', o.oprname,
    CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL)),
  0, o.oprowner, NULL, jsonb_build_object('function', o.oprcode::regproc::text,
    'commutator', (SELECT format('OPERATOR(%I.%s)', n.nspname, x.oprname) FROM pg_operator x
                   JOIN pg_namespace n ON n.oid = x.oprnamespace WHERE x.oid = o.oprcom),
    'negator', (SELECT format('OPERATOR(%I.%s)', n.nspname, x.oprname) FROM pg_operator x
                JOIN pg_namespace n ON n.oid = x.oprnamespace WHERE x.oid = o.oprnegate),
    'restrict', nullif(o.oprrest::text, '-'), 'join', nullif(o.oprjoin::text, '-'),
    'hashes', o.oprcanhash, 'merges', o.oprcanmerge)
FROM pg_operator o WHERE o.oprcode <> 0 AND o.oprnamespace = ANY ($1::oid[]) AND {_own(2617, "o.oid")}
"""

_FAMILY_NAME = """(SELECT format('%I.%I', n.nspname, f.opfname) FROM pg_opfamily f
  JOIN pg_namespace n ON n.oid = f.opfnamespace WHERE f.oid = {})"""
_MEMBERS = f"""
SELECT d.refclassid, d.refobjid, d.classid, d.objid, 1 AS sort, o.amopstrategy AS number,
  format('OPERATOR %s (%s, %s)', o.amopstrategy, format_type(o.amoplefttype, NULL),
         format_type(o.amoprighttype, NULL)) AS what,
  format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator) || CASE WHEN o.amopsortfamily = 0 THEN ''
    ELSE ' FOR ORDER BY ' || {_FAMILY_NAME.format("o.amopsortfamily")} END AS text
FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid
WHERE d.classid = 2602 AND d.refclassid IN (2616, 2753) AND d.deptype IN ('i', 'a') AND d.objid >= 16384
UNION ALL
SELECT d.refclassid, d.refobjid, d.classid, d.objid, 2, p.amprocnum,
  format('FUNCTION %s (%s, %s)', p.amprocnum, format_type(p.amproclefttype, NULL),
         format_type(p.amprocrighttype, NULL)),
  format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
         format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)
FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid
WHERE d.classid = 2603 AND d.refclassid IN (2616, 2753) AND d.deptype IN ('i', 'a') AND d.objid >= 16384
"""

_OPERATOR_FAMILIES = f"""
SELECT 'operator-family', 2753, f.oid, f.opfnamespace, format('%I USING %I', f.opfname, a.amname), 0, f.opfowner,
  NULL, jsonb_build_object(
    'members', (SELECT coalesce(jsonb_agg(jsonb_build_array(m.what, m.text) ORDER BY m.sort, m.what), '[]')
                FROM ({_MEMBERS}) m WHERE m.refclassid = 2753 AND m.refobjid = f.oid),
    'parts', (SELECT coalesce(jsonb_agg(jsonb_build_array(m.classid::int8, m.objid::int8)), '[]')
              FROM ({_MEMBERS}) m WHERE m.refclassid = 2753 AND m.refobjid = f.oid))
FROM pg_opfamily f JOIN pg_am a ON a.oid = f.opfmethod
WHERE f.opfnamespace = ANY ($1::oid[]) AND {_own(2753, "f.oid")}
"""

_OPERATOR_CLASSES = f"""
SELECT 'operator-class', 2616, c.oid, c.opcnamespace, format('%I USING %I', c.opcname, a.amname), 0, c.opcowner, NULL,
  jsonb_build_object('definition', format('CREATE OPERATOR CLASS %I.%I %sFOR TYPE %s USING %I FAMILY %s AS ',
      s.nspname, c.opcname, CASE WHEN c.opcdefault THEN 'DEFAULT ' ELSE '' END, format_type(c.opcintype, NULL),
      a.amname, {_FAMILY_NAME.format("c.opcfamily")})
    || concat_ws(', ', (SELECT string_agg(m.text, ', ' ORDER BY m.sort, m.number, m.text) FROM ({_MEMBERS}) m
                        WHERE m.refclassid = 2616 AND m.refobjid = c.oid),
                 CASE WHEN c.opckeytype <> 0 OR NOT EXISTS (SELECT FROM pg_depend e WHERE e.refclassid = 2616
                             AND e.refobjid = c.oid AND e.classid IN (2602, 2603))
                      THEN 'STORAGE ' || format_type(coalesce(nullif(c.opckeytype, 0), c.opcintype), NULL) END),
    'parts', (SELECT coalesce(jsonb_agg(jsonb_build_array(m.classid::int8, m.objid::int8)), '[]')
              FROM ({_MEMBERS}) m WHERE m.refclassid = 2616 AND m.refobjid = c.oid))
FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_namespace s ON s.oid = c.opcnamespace
WHERE c.opcnamespace = ANY ($1::oid[]) AND {_own(2616, "c.oid")}
"""

_ACCESS_METHODS = f"""
SELECT 'access-method', 2601, a.oid, 0, a.amname, 0, 0, NULL, jsonb_build_object('definition',
  format('CREATE ACCESS METHOD %I TYPE %s HANDLER %s', a.amname,
         CASE a.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END, a.amhandler))
FROM pg_am a WHERE {_own(2601, "a.oid")}
"""

_CONVERSIONS = f"""
SELECT 'conversion', 2607, c.oid, c.connamespace, c.conname, 0, c.conowner, NULL, jsonb_build_object('definition',
  format('CREATE %sCONVERSION %I.%I FOR %L TO %L FROM %s', CASE WHEN c.condefault THEN 'DEFAULT ' ELSE '' END,
         n.nspname, c.conname, pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding), c.conproc))
FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE c.connamespace = ANY ($1::oid[]) AND {_own(2607, "c.oid")}
"""

_COLLATIONS = """
SELECT 'collation', 3456, c.oid, c.collnamespace, c.collname, 0, c.collowner, NULL, jsonb_build_object('definition',
  format('CREATE COLLATION %I.%I (PROVIDER = %s, ', n.nspname, c.collname,
         CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END)
  || CASE WHEN c.collprovider IN ('i', 'b') THEN format('LOCALE = %L', {locale})
          WHEN c.collcollate = c.collctype THEN format('LOCALE = %L', c.collcollate)
          ELSE format('LC_COLLATE = %L, LC_CTYPE = %L', c.collcollate, c.collctype) END
  || CASE WHEN c.collisdeterministic THEN '' ELSE ', DETERMINISTIC = false' END || {rules} || ')')
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collnamespace = ANY ($1::oid[]) AND {own}
"""

_LANGUAGES = f"""
SELECT 'language', 2612, l.oid, 0, l.lanname, 0, l.lanowner, l.lanacl::text[], jsonb_build_object('definition',
  format('CREATE %sLANGUAGE %I HANDLER %s', CASE WHEN l.lanpltrusted THEN 'TRUSTED ' ELSE '' END, l.lanname,
         l.lanplcallfoid::regproc)
  || CASE WHEN l.laninline = 0 THEN '' ELSE ' INLINE ' || l.laninline::regproc END
  || CASE WHEN l.lanvalidator = 0 THEN '' ELSE ' VALIDATOR ' || l.lanvalidator::regproc END)
FROM pg_language l WHERE l.lanispl AND {_own(2612, "l.oid")}
"""

_TRANSFORMS = f"""
SELECT 'transform', 3576, t.oid, 0, format('%s LANGUAGE %I', format_type(t.trftype, NULL), l.lanname), 0, 0, NULL,
  jsonb_build_object('definition', format('CREATE TRANSFORM FOR %s LANGUAGE %I (%s)', format_type(t.trftype, NULL),
    l.lanname, concat_ws(', ',
      CASE WHEN t.trffromsql <> 0 THEN 'FROM SQL WITH FUNCTION ' || t.trffromsql::regprocedure END,
      CASE WHEN t.trftosql <> 0 THEN 'TO SQL WITH FUNCTION ' || t.trftosql::regprocedure END)))
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE {_own(3576, "t.oid")}
"""

_SEARCH_PARSERS = f"""
SELECT 'text-search-parser', 3601, p.oid, p.prsnamespace, p.prsname, 0, 0, NULL, jsonb_build_object('definition',
  format('CREATE TEXT SEARCH PARSER %I.%I (START = %s, GETTOKEN = %s, END = %s, %sLEXTYPES = %s)', n.nspname,
         p.prsname, p.prsstart, p.prstoken, p.prsend,
         CASE WHEN p.prsheadline <> 0 THEN format('HEADLINE = %s, ', p.prsheadline) ELSE '' END, p.prslextype))
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE p.prsnamespace = ANY ($1::oid[]) AND {_own(3601, "p.oid")}
"""

_SEARCH_TEMPLATES = f"""
SELECT 'text-search-template', 3764, t.oid, t.tmplnamespace, t.tmplname, 0, 0, NULL, jsonb_build_object('definition',
  format('CREATE TEXT SEARCH TEMPLATE %I.%I (%sLEXIZE = %s)', n.nspname, t.tmplname,
         CASE WHEN t.tmplinit <> 0 THEN format('INIT = %s, ', t.tmplinit) ELSE '' END, t.tmpllexize))
FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE t.tmplnamespace = ANY ($1::oid[]) AND {_own(3764, "t.oid")}
"""

_SEARCH_DICTIONARIES = f"""
SELECT 'text-search-dictionary', 3600, d.oid, d.dictnamespace, d.dictname, 0, d.dictowner, NULL,
  jsonb_build_object('options', coalesce(d.dictinitoption, ''),
    'template', (SELECT format('%I.%I', n.nspname, t.tmplname) FROM pg_ts_template t
                 JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate))
FROM pg_ts_dict d WHERE d.dictnamespace = ANY ($1::oid[]) AND {_own(3600, "d.oid")}
"""

_SEARCH_CONFIGURATIONS = f"""
SELECT 'text-search-configuration', 3602, c.oid, c.cfgnamespace, c.cfgname, 0, c.cfgowner, NULL,
  jsonb_build_object(
    'parser', (SELECT format('%I.%I', n.nspname, p.prsname) FROM pg_ts_parser p
               JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE p.oid = c.cfgparser),
    'mappings', (SELECT coalesce(jsonb_agg(jsonb_build_array(t.alias, m.dictionaries) ORDER BY t.alias), '[]')
      FROM (SELECT m.maptokentype, jsonb_agg(format('%I.%I', n.nspname, d.dictname) ORDER BY m.mapseqno) AS dictionaries
            FROM pg_ts_config_map m JOIN pg_ts_dict d ON d.oid = m.mapdict
            JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) m
      JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype))
FROM pg_ts_config c WHERE c.cfgnamespace = ANY ($1::oid[]) AND {_own(3602, "c.oid")}
"""

_FOREIGN_DATA_WRAPPERS = f"""
SELECT 'foreign-data-wrapper', 2328, f.oid, 0, f.fdwname, 0, f.fdwowner, f.fdwacl::text[], jsonb_build_object(
  'handler', nullif(f.fdwhandler::regproc::text, '-'), 'validator', nullif(f.fdwvalidator::regproc::text, '-'),
  'options', {_OPTIONS.format("f.fdwoptions")})
FROM pg_foreign_data_wrapper f WHERE {_own(2328, "f.oid")}
"""

_FOREIGN_SERVERS = f"""
SELECT 'foreign-server', 1417, s.oid, 0, s.srvname, 0, s.srvowner, s.srvacl::text[], jsonb_build_object(
  'wrapper', f.fdwname, 'type', s.srvtype, 'version', s.srvversion, 'options', {_OPTIONS.format("s.srvoptions")})
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper f ON f.oid = s.srvfdw WHERE {_own(1417, "s.oid")}
"""

_USER_MAPPINGS = f"""
SELECT 'user-mapping', 1418, u.umid, 0, format('%s@%s', u.usename, u.srvname), 0, 0, NULL, jsonb_build_object(
  'role', u.usename, 'public', u.umuser = 0, 'server', u.srvname,
  'options', CASE WHEN u.umoptions IS NOT NULL OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
                  THEN {_OPTIONS.format("u.umoptions")} END)
FROM pg_user_mappings u WHERE {_own(1418, "u.umid")}
"""

_SETTINGS = """
SELECT 'setting', 2964, 0, 0, split_part(o, '=', 1), 0, s.setrole, NULL, jsonb_build_object(
  'value', substr(o, strpos(o, '=') + 1), 'here', s.setdatabase <> 0)
FROM pg_db_role_setting s, unnest(s.setconfig) o
WHERE s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_SECURITY_LABELS = """
SELECT 'security-label', l.classoid, l.objoid, 0, l.provider, l.objsubid, 0, NULL, jsonb_build_object('label', l.label)
FROM pg_seclabel l WHERE l.objoid >= 16384
"""


def query(version: int) -> str:
    """Everything for a server of this version (170004 for 17.4); $1 are the oids of the schemas that are read."""
    options = ", ".join(
        f"jsonb_build_array('{name}', {value})" for since, name, value in _SUBSCRIPTION_OPTIONS if version >= since
    )
    locale = "c.colllocale" if version >= 170000 else "c.colliculocale" if version >= 150000 else "c.collcollate"
    rules = "CASE WHEN c.collicurules IS NULL THEN '' ELSE format(', RULES = %L', c.collicurules) END"
    parts = [
        _RULES,
        _EVENT_TRIGGERS,
        _PUBLICATIONS.format(generated="p.pubgencols::text" if version >= 180000 else "'n'", own=_own(6104, "p.oid")),
        _PUBLICATION_TABLES.format(data=_PUBLICATION_TABLE_DATA if version >= 150000 else "'{}'::jsonb"),
        *([_PUBLICATION_SCHEMAS] if version >= 150000 else []),
        _SUBSCRIPTIONS.format(options=options),
        _STATISTICS,
        _CASTS,
        _OPERATORS,
        _OPERATOR_FAMILIES,
        _OPERATOR_CLASSES,
        _ACCESS_METHODS,
        _CONVERSIONS,
        _COLLATIONS.format(locale=locale, rules=rules if version >= 160000 else "''", own=_own(3456, "c.oid")),
        _LANGUAGES,
        _TRANSFORMS,
        _SEARCH_PARSERS,
        _SEARCH_TEMPLATES,
        _SEARCH_DICTIONARIES,
        _SEARCH_CONFIGURATIONS,
        _FOREIGN_DATA_WRAPPERS,
        _FOREIGN_SERVERS,
        _USER_MAPPINGS,
        _SETTINGS,
        _SECURITY_LABELS,
    ]
    return "UNION ALL".join(parts)


CATALOGS = {
    "pg_rewrite": 2618,
    "pg_event_trigger": 3466,
    "pg_publication": 6104,
    "pg_publication_rel": 6106,
    "pg_publication_namespace": 6237,
    "pg_subscription": 6100,
    "pg_statistic_ext": 3381,
    "pg_cast": 2605,
    "pg_operator": 2617,
    "pg_opclass": 2616,
    "pg_opfamily": 2753,
    "pg_amop": 2602,
    "pg_amproc": 2603,
    "pg_am": 2601,
    "pg_conversion": 2607,
    "pg_collation": 3456,
    "pg_language": 2612,
    "pg_transform": 3576,
    "pg_ts_parser": 3601,
    "pg_ts_template": 3764,
    "pg_ts_dict": 3600,
    "pg_ts_config": 3602,
    "pg_ts_config_map": 3603,
    "pg_foreign_data_wrapper": 2328,
    "pg_foreign_server": 1417,
    "pg_user_mapping": 1418,
    "pg_db_role_setting": 2964,
    "pg_seclabel": 3596,
}
"""The system catalogs that these kinds are rows of. Of pg_rewrite only rules that are not a view's own count."""

# Also what hangs on a relation of its own, so that a live catalog can link them anew.
DEPENDENCIES = f"""
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid FROM pg_depend
WHERE objid >= 16384 AND deptype IN ('n', 'a', 'i', 'P', 'S', 'x') AND (refobjid >= 16384 OR refobjid = 2200)
  AND classid IN ({", ".join(map(str, CATALOGS.values()))})
"""
COMMENTS = f"""
SELECT classoid, objoid, objsubid, description FROM pg_description
WHERE objoid >= 16384 AND classoid IN ({", ".join(map(str, CATALOGS.values()))})
"""
"""The comments and dependencies of these kinds alone, as `catalog_sql` has them of everything."""
