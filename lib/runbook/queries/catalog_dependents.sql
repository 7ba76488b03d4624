-- Whose definitions mention what was touched, and may therefore print differently now?
-- pg_depend is followed through everything between, such as a table's row type and its arrays.
with recursive reached (classid, objid) as (
    select 'pg_class'::regclass::oid, u.oid from unnest(%(relations)s::oid[]) as u (oid)
    union
    select 'pg_proc'::regclass::oid, u.oid from unnest(%(routines)s::oid[]) as u (oid)
    union
    select 'pg_type'::regclass::oid, u.oid from unnest(%(types)s::oid[]) as u (oid)
    union
    select d.classid, d.objid
    from reached as r
    join pg_depend as d on d.refclassid = r.classid and d.refobjid = r.objid
)
select distinct o.owner
from reached as r
cross join lateral (
    select case r.classid
        when 'pg_class'::regclass then (
            select 'r' || coalesce(i.indrelid, c.oid)
            from pg_class as c left join pg_index as i on i.indexrelid = c.oid
            where c.oid = r.objid
        )
        when 'pg_constraint'::regclass then (
            select coalesce('r' || nullif(k.conrelid, 0), 't' || nullif(k.contypid, 0))
            from pg_constraint as k where k.oid = r.objid
        )
        when 'pg_policy'::regclass then (
            select 'r' || p.polrelid from pg_policy as p where p.oid = r.objid
        )
        when 'pg_trigger'::regclass then (
            select 'r' || g.tgrelid from pg_trigger as g where g.oid = r.objid
        )
        when 'pg_rewrite'::regclass then (
            select 'r' || w.ev_class from pg_rewrite as w where w.oid = r.objid
        )
        when 'pg_attrdef'::regclass then (
            select 'r' || d.adrelid from pg_attrdef as d where d.oid = r.objid
        )
        when 'pg_proc'::regclass then 'f' || r.objid
        when 'pg_type'::regclass then 't' || r.objid
        -- Of the rest, what mentions others by name.
        when 'pg_publication_rel'::regclass then '-0'
        when 'pg_statistic_ext'::regclass then '-0'
        when 'pg_event_trigger'::regclass then '-0'
        when 'pg_operator'::regclass then '-0'
        when 'pg_opclass'::regclass then '-0'
        when 'pg_opfamily'::regclass then '-0'
        when 'pg_cast'::regclass then '-0'
    end as owner
) as o
where o.owner is not null
order by o.owner
