-- The words that every check may use as if they were tables. A word that a check does not mention is
-- not part of its query. Left out everywhere: PostgreSQL's own schemas, temporary objects, and what
-- belongs to an extension (pg_depend 'e'): nobody can mend those in a migration.
--
-- Newer columns of the catalogs are read through to_jsonb(), so that older servers answer as well.
with recursive
-- schemas: `platform` are those that Supabase owns; elsewhere the same names are a project's own.
schemas as (
  select
    n.oid,
    n.nspname::text as name,
    n.nspname = any (
      array(select jsonb_array_elements_text(current_setting('runbook.exposed')::jsonb))
    ) as exposed,
    to_regrole('supabase_admin') is not null
      and n.nspname in (
        'auth', 'storage', 'realtime', '_realtime', 'vault', 'extensions', 'graphql',
        'graphql_public', 'pgbouncer', 'pgsodium', 'pgsodium_masks', 'supabase_functions',
        'supabase_migrations', '_analytics', '_supavisor', 'cron', 'net', 'pgmq', 'pgmq_public',
        'pgtle', 'tiger', 'tiger_data', 'topology'
      ) as platform
  from pg_namespace n
  where n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname not like 'pg\_toast%'
    and n.nspname not like 'pg\_temp\_%'
),
-- members: what belongs to an extension.
members as (
  select d.classid, d.objid
  from pg_depend d
  where d.deptype = 'e'
),
-- relations: tables (r, p), views (v), materialized views (m), foreign tables (f).
relations as (
  select
    c.oid,
    c.relnamespace as schema,
    c.relkind as kind,
    format('%I.%I', n.name, c.relname) as name,
    c.relname::text as bare_name,
    c.relowner as owner,
    c.relrowsecurity as rls,
    c.relforcerowsecurity as rls_forced,
    c.relispartition as is_partition,
    c.relpages as pages,
    greatest(c.reltuples, 0)::bigint as estimated_rows,
    coalesce(c.reloptions, '{}') && array[
      'security_invoker=true', 'security_invoker=on', 'security_invoker=yes', 'security_invoker=1'
    ] as security_invoker,
    n.exposed,
    n.platform
  from pg_class c
  join schemas n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relpersistence <> 't'
    and not exists (
      select from members m where m.classid = 'pg_class'::regclass and m.objid = c.oid
    )
),
-- tables: the project's own, partitioned ones and partitions included.
tables as (
  select * from relations where kind in ('r', 'p') and not platform
),
-- api_roles: who the API speaks as.
api_roles as (
  select r.oid, r.rolname::text as name
  from pg_roles r
  where r.rolname in ('anon', 'authenticated')
),
-- server_roles: row-level security does not apply to them.
server_roles as (
  select r.oid, r.rolname::text as name
  from pg_roles r
  where r.rolsuper or r.rolbypassrls
),
-- readable: which API role may read which relation, or at least a column of it.
readable as (
  select r.oid as relation, a.oid as role, a.name as role_name
  from relations r
  cross join api_roles a
  where has_schema_privilege(a.oid, r.schema, 'usage')
    and has_any_column_privilege(a.oid, r.oid, 'select')
),
-- functions: the project's own functions and procedures, without those that the server makes by
-- itself for a range type. `body_is_bound`: its names were looked up once, at create function.
functions as (
  select
    p.oid,
    p.pronamespace as schema,
    format('%I.%I(%s)', n.name, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
    p.prosecdef as definer,
    p.proconfig as settings,
    p.prosrc as body,
    p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as is_trigger,
    p.proowner as owner,
    lang.lanname::text as language,
    to_jsonb(p) ->> 'prosqlbody' is not null as body_is_bound,
    n.exposed
  from pg_proc p
  join pg_language lang on lang.oid = p.prolang and lang.lanname <> 'internal'
  join schemas n on n.oid = p.pronamespace
  where p.prokind in ('f', 'p')
    and not n.platform
    and not exists (
      select from members m where m.classid = 'pg_proc'::regclass and m.objid = p.oid
    )
),
-- printed: the conditions of policies in the form in which the server prints them, once each.
printed as materialized (
  select
    p.oid as policy,
    pg_get_expr(p.polqual, p.polrelid) as using_expression,
    pg_get_expr(p.polwithcheck, p.polrelid) as check_expression
  from pg_policy p
),
-- code: the same conditions without the text of their constants, for a look at what they call. A
-- quoted name stays, a constant goes.
code as (
  select
    printed.policy,
    case
      when strpos(printed.using_expression, '''') = 0 then printed.using_expression
      else regexp_replace(printed.using_expression, pattern.constant, '\1', 'g')
    end as using_code,
    case
      when strpos(printed.check_expression, '''') = 0 then printed.check_expression
      else regexp_replace(printed.check_expression, pattern.constant, '\1', 'g')
    end as check_code
  from printed
  cross join (values ('("(?:[^"]|"")*")|''(?:[^'']|'''')*''')) pattern (constant)
),
-- role_lists: whom each policy is for, as text.
role_lists as (
  select
    p.oid as policy,
    string_agg(case member when 0 then 'public' else pg_get_userbyid(member) end, ', ' order by member)
      as names
  from pg_policy p
  cross join lateral unnest(p.polroles) member
  group by p.oid
),
-- policies: everybody's, also those on Supabase's storage.objects: a project writes these.
-- `…_expression` names everything outside pg_catalog with its schema; `…_always` says that it is
-- always true, as far as its text shows: true, x = x, true OR …, … OR true.
policies as (
  select
    p.oid,
    p.polrelid as relation,
    r.name as relation_name,
    format('%s (%I)', r.name, p.polname) as name,
    p.polname::text as bare_name,
    r.rls,
    r.exposed,
    case p.polcmd
      when 'r' then 'select'
      when 'a' then 'insert'
      when 'w' then 'update'
      when 'd' then 'delete'
      else 'all'
    end as command,
    p.polpermissive as permissive,
    p.polroles as roles,
    printed.using_expression,
    printed.check_expression,
    printed.using_expression = 'true'
      or printed.using_expression like '(true OR %'
      or printed.using_expression like '% OR true)'
      or printed.using_expression = format(
        '(%1$s = %1$s)',
        substr(printed.using_expression, 2, greatest(length(printed.using_expression) - 5, 0) / 2)
      )
      as using_always,
    printed.check_expression = 'true'
      or printed.check_expression like '(true OR %'
      or printed.check_expression like '% OR true)'
      or printed.check_expression = format(
        '(%1$s = %1$s)',
        substr(printed.check_expression, 2, greatest(length(printed.check_expression) - 5, 0) / 2)
      )
      as check_always
  from pg_policy p
  join relations r on r.oid = p.polrelid
  join printed on printed.policy = p.oid
),
-- rules: each policy once for each command it rules, with the expression that decides there:
-- `lets_in` picks the existing rows, `lets_out` judges the new ones. Null: not asked.
rules as (
  select
    p.oid,
    p.relation,
    p.relation_name,
    p.name,
    p.bare_name,
    p.rls,
    p.exposed,
    p.permissive,
    p.roles,
    each.command,
    case when each.command <> 'insert' then p.using_expression end as lets_in,
    case
      when each.command in ('insert', 'update')
        then coalesce(p.check_expression, p.using_expression)
    end as lets_out,
    (each.command = 'insert' or coalesce(p.using_always, true))
      and (
        each.command not in ('insert', 'update')
        or coalesce(p.check_always, p.using_always, true)
      ) as always
  from policies p
  cross join (values ('select'), ('insert'), ('update'), ('delete')) each (command)
  where p.command in ('all', each.command)
),
-- audiences: each policy once for each role that meets it: the API roles, and roles named in it.
audiences as (
  select p.oid as policy, role.oid as role, role.rolname::text as role_name
  from policies p
  cross join lateral unnest(p.roles) member
  join pg_roles role on role.oid = member
  where not role.rolsuper and not role.rolbypassrls
  union
  select p.oid, api_roles.oid, api_roles.name
  from policies p
  cross join lateral unnest(p.roles) member
  cross join api_roles
  where (member = 0 or pg_has_role(api_roles.oid, member, 'usage'))
    and api_roles.oid not in (select oid from server_roles)
),
-- faced: each rule once for each role that meets it; `public` where no role is named that could.
faced as (
  select r.*, coalesce(a.role, 0) as role, coalesce(a.role_name, 'public') as role_name
  from rules r
  left join audiences a on a.policy = r.oid
),
-- reads: the relations that a policy looks into with a sub-select, its own table included; from the
-- parsed form, where only a sub-select has a range table.
reads as (
  select distinct p.oid as policy, p.polrelid as relation, found.match[1]::oid as target
  from pg_policy p
  cross join lateral (values (p.polqual::text), (p.polwithcheck::text)) parsed (tree)
  cross join lateral regexp_matches(parsed.tree, ':rtekind 0 :relid (\d+) ', 'g') found (match)
  where strpos(parsed.tree, ':rtekind 0 ') > 0
),
-- foreign_keys: as they were declared, without the copies that partitions inherit.
foreign_keys as (
  select
    con.oid,
    con.conname::text as bare_name,
    format('%s (%I)', child.name, con.conname) as name,
    con.conrelid as child,
    child.name as child_name,
    child.kind as child_kind,
    child.estimated_rows as child_rows,
    con.confrelid as parent,
    con.conkey as child_columns,
    con.confkey as parent_columns,
    con.conpfeqop as operators,
    con.confmatchtype = 'f' as match_full,
    con.convalidated as validated,
    coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true) as enforced,
    coalesce((to_jsonb(con) ->> 'conperiod')::boolean, false) as temporal
  from pg_constraint con
  join tables child on child.oid = con.conrelid
  where con.contype = 'f'
    and con.conparentid = 0
),
-- key_families: each declared foreign key with the copies that its partitions carry.
key_families as (
  select con.oid as root, con.oid as member
  from pg_constraint con
  where con.contype = 'f' and con.conparentid = 0
  union all
  select family.root, con.oid
  from key_families family
  join pg_constraint con on con.conparentid = family.member
),
-- asleep: the foreign keys that the server does not enforce in an ordinary session, because some of
-- the triggers behind them are disabled or fire on replicas only.
asleep as (
  select family.root as foreign_key, count(*) as sleeping
  from key_families family
  join pg_trigger t on t.tgconstraint = family.member
  where t.tgenabled in ('D', 'R')
  group by family.root
),
-- view_reads: what the definition of a view or materialized view reads directly.
view_reads as (
  select distinct view.oid as view, d.refobjid as target
  from relations view
  join pg_rewrite rule on rule.ev_class = view.oid
  join pg_depend d
    on d.classid = 'pg_rewrite'::regclass
    and d.objid = rule.oid
    and d.refclassid = 'pg_class'::regclass
    and d.refobjid <> view.oid
  where view.kind in ('v', 'm')
),
-- leaks: what an API role reads with somebody else's rights through a view. A security_invoker view
-- is read with the caller's rights even when it lies below one that is not; so it ends the path.
leaks as (
  select
    readable.role,
    readable.role_name,
    view.oid as view,
    view.name as view_name,
    view.owner,
    reads.target
  from readable
  join relations view on view.oid = readable.relation
  join view_reads reads on reads.view = view.oid
  where not view.security_invoker
  union
  select leaks.role, leaks.role_name, leaks.view, leaks.view_name, inner_view.owner, reads.target
  from leaks
  join relations inner_view on inner_view.oid = leaks.target
  join view_reads reads on reads.view = inner_view.oid
  where not inner_view.security_invoker
),
-- indexes: of the project's own tables.
indexes as (
  select
    i.indexrelid as oid,
    format('%I.%I', n.nspname, c.relname) as name,
    i.indrelid as relation,
    t.name as relation_name,
    am.amname::text as method,
    string_to_array(i.indkey::text, ' ')::int2[] as all_columns,
    (string_to_array(i.indkey::text, ' ')::int2[])[1:i.indnkeyatts] as columns,
    string_to_array(i.indclass::text, ' ')::oid[] as classes,
    string_to_array(i.indcollation::text, ' ')::oid[] as collations,
    string_to_array(i.indoption::text, ' ')::int2[] as options,
    pg_get_expr(i.indexprs, i.indrelid) as expressions,
    pg_get_expr(i.indpred, i.indrelid) as predicate,
    i.indisunique as is_unique,
    i.indisprimary or i.indisexclusion or i.indisreplident
      or exists (
        select from pg_constraint con where con.conindid = c.oid and con.conrelid = i.indrelid
      )
      as is_constraint,
    c.relkind = 'i' and c.relispartition as is_partition,
    i.indisvalid and i.indisready and i.indislive as is_valid,
    c.relpages as pages
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_am am on am.oid = c.relam
  join (
    select oid, name from tables
    union all
    select oid, name from relations where kind = 'm' and not platform
  ) t on t.oid = i.indrelid
),
-- thresholds: from settings (`set runbook.min_reads = …`), with their defaults. The version may be
-- set to ask about the server that this one stands in for.
thresholds as (
  select
    coalesce(nullif(current_setting('runbook.min_reads', true), '')::bigint, 10000) as min_reads,
    coalesce(nullif(current_setting('runbook.min_index_pages', true), '')::bigint, 128)
      as min_index_pages,
    coalesce(nullif(current_setting('runbook.min_bloat_pages', true), '')::bigint, 6400)
      as min_bloat_pages,
    coalesce(
      nullif(current_setting('runbook.server_version_num', true), ''),
      current_setting('server_version_num')
    )::int as server_version_num
)
select name, kind, rls, exposed from relations;
