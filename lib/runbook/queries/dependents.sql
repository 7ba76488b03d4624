-- Which objects need one of these, and are not part of them themselves? Automatic and internal
-- dependencies (indexes, constraints, triggers of a table) go along and are followed; the rule of a
-- view counts as the view.
with recursive going (classid, objid) as (
    select given.classid, given.objid
    from unnest(%(classes)s::oid[], %(objects)s::oid[]) as given (classid, objid)
    union
    select d.classid, d.objid
    from going as g
    join pg_catalog.pg_depend as d on d.refclassid = g.classid and d.refobjid = g.objid
    where d.deptype in ('a', 'i', 'P', 'S', 'e')
),
needing as (
    select d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid
    from going as g
    join pg_catalog.pg_depend as d on d.refclassid = g.classid and d.refobjid = g.objid
    where d.deptype = 'n'
      and not exists (
          select from going as own where own.classid = d.classid and own.objid = d.objid
      )
),
-- A rule stands for its view, a default for its column.
named as (
    select coalesce(v.classid, n.classid) as classid,
           coalesce(v.objid, n.objid)     as objid,
           n.objsubid, n.refclassid, n.refobjid
    from needing as n
    left join lateral (
        select 'pg_catalog.pg_class'::regclass::oid as classid, r.ev_class as objid
        from pg_catalog.pg_rewrite as r
        where n.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = n.objid
    ) as v on true
)
select distinct
    pg_catalog.pg_describe_object(n.classid, n.objid, 0)       as object,
    pg_catalog.pg_describe_object(n.refclassid, n.refobjid, 0) as needs
from named as n
where not exists (
    select from going as own where own.classid = n.classid and own.objid = n.objid
)
order by 1, 2
