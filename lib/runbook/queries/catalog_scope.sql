-- Which schemas, relations, routines and types are the project's own?
-- Not the server's, not an extension's, not the runbook's bookkeeping. The arrays only feed the
-- other catalog queries, so that what is left out is decided here and nowhere else.
-- `among` narrows the question to some OIDs, of whatever they are.
with settled as (
    select n.oid
    from pg_catalog.pg_namespace as n
    where n.nspname !~ '^pg_'
      and n.nspname <> all (array['information_schema', 'runbook', 'supabase_migrations'])
      and (%(schemas)s::text[] is null or n.nspname = any (%(schemas)s::text[]))
),
wanted as (
    select pg_catalog.to_regclass(w.name)::oid as oid
    from unnest(%(relations)s::text[]) as w (name)
),
considered as (
    select c.oid, c.relnamespace, c.relkind, c.relpersistence
    from pg_catalog.pg_class as c
    where %(relations)s::text[] is null and %(among)s::oid[] is null
    union all
    select c.oid, c.relnamespace, c.relkind, c.relpersistence
    from pg_catalog.pg_class as c
    where %(relations)s::text[] is null and c.oid = any (%(among)s::oid[])
    union all
    select c.oid, c.relnamespace, c.relkind, c.relpersistence
    from pg_catalog.pg_class as c
    where c.oid in (
        select w.oid from wanted as w
        union
        select d.objid
        from wanted as w
        join pg_catalog.pg_depend as d
            on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = w.oid
        join pg_catalog.pg_class as s on s.oid = d.objid and s.relkind = 'S'
        where d.classid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
    )
)
select
    array(
        select s.oid from settled as s order by s.oid
    ) as schemas,
    array(
        select c.oid
        from considered as c
        where c.relnamespace in (select s.oid from settled as s)
          and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'c')
          and c.relpersistence <> 't'
          and not exists (
              select from pg_catalog.pg_depend as d
              where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
                and d.deptype = 'e'
          )
        order by c.oid
    ) as relations,
    array(
        select p.oid
        from (
            select a.oid, a.pronamespace from pg_catalog.pg_proc as a where %(among)s::oid[] is null
            union all
            select a.oid, a.pronamespace from pg_catalog.pg_proc as a
            where a.oid = any (%(among)s::oid[])
        ) as p
        where p.pronamespace in (select s.oid from settled as s)
          and not exists (
              select from pg_catalog.pg_depend as d
              where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid
                and d.deptype = 'e'
          )
        order by p.oid
    ) as routines,
    array(
        select t.oid
        from (
            select a.* from pg_catalog.pg_type as a where %(among)s::oid[] is null
            union all
            select a.* from pg_catalog.pg_type as a where a.oid = any (%(among)s::oid[])
        ) as t
        left join pg_catalog.pg_class as c on c.oid = t.typrelid
        where t.typnamespace in (select s.oid from settled as s)
          and t.typtype in ('b', 'c', 'd', 'e', 'r')
          and (t.typtype <> 'b' or t.typcategory <> 'A')
          and (t.typtype <> 'c' or c.relkind = 'c')
          and not exists (
              select from pg_catalog.pg_depend as d
              where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid
                and d.deptype = 'e'
          )
        order by t.oid
    ) as types
