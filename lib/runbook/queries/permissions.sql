-- What of the objects asked for is there, and may our role do what is asked?
-- asked: rows of line, need, kind, schema, name, arguments. Objects that are not there are left out.
-- need: own, create, grant (own, or hold with grant option), or a privilege on a table. Several overloads of a function count as one.
with asked as (
    select * from jsonb_to_recordset(%(asked)s)
      as a (line int, need text, kind text, schema text, name text, arguments text)
), seen as (
    select a.line, a.need, a.kind, a.schema, a.name, pg_get_userbyid(c.relowner) as owner,
           case when pg_has_role(c.relowner, 'usage') then true
                when a.need = 'own' then false
                when c.relkind = 'S' and a.need = 'grant'
                then has_sequence_privilege(c.oid, 'usage with grant option')
                when a.need = 'grant'
                then has_table_privilege(c.oid, 'select with grant option, insert with grant option,'
                     ' update with grant option, delete with grant option')
                when c.relkind = 'S' then has_sequence_privilege(c.oid, 'usage')
                when a.need in ('select', 'insert', 'update', 'references')
                then has_any_column_privilege(c.oid, a.need)
                else has_table_privilege(c.oid, a.need) end as allowed
      from asked a
      join pg_catalog.pg_namespace n on n.nspname = a.schema
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = a.name
     where a.kind = 'relation'
    union all
    select a.line, a.need, a.kind, a.schema, a.name, pg_get_userbyid(p.proowner),
           pg_has_role(p.proowner, 'usage') or (a.need = 'grant'
               and has_function_privilege(p.oid, 'execute with grant option'))
      from asked a
      join pg_catalog.pg_namespace n on n.nspname = a.schema
      join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = a.name
     where a.kind = 'function'
       and (a.arguments = '*' or a.arguments = oidvectortypes(p.proargtypes))
    union all
    select a.line, a.need, a.kind, a.schema, a.name, pg_get_userbyid(t.typowner),
           pg_has_role(t.typowner, 'usage') or (a.need = 'grant'
               and has_type_privilege(t.oid, 'usage with grant option'))
      from asked a
      join pg_catalog.pg_namespace n on n.nspname = a.schema
      join pg_catalog.pg_type t on t.typnamespace = n.oid and t.typname = a.name
     where a.kind = 'type'
    union all
    select a.line, a.need, a.kind, '', a.name, pg_get_userbyid(n.nspowner),
           case a.need when 'own' then pg_has_role(n.nspowner, 'usage')
                       when 'grant' then pg_has_role(n.nspowner, 'usage')
                            or has_schema_privilege(n.oid, 'usage with grant option')
                       else has_schema_privilege(n.oid, 'create') end
      from asked a
      join pg_catalog.pg_namespace n on n.nspname = a.name
     where a.kind = 'schema'
    union all
    select a.line, a.need, a.kind, '', d.datname, pg_get_userbyid(d.datdba),
           has_database_privilege(d.oid, 'create')
      from asked a
      join pg_catalog.pg_database d on d.datname = current_database()
     where a.kind = 'database'
)
select kind, ltrim(format('%%s.%%I', quote_ident(nullif(schema, '')), name), '.') as object,
       need, min(line) as line, min(owner::text) as owner, bool_and(allowed) as allowed
  from seen
 group by kind, schema, name, need
 order by min(line), object, need
