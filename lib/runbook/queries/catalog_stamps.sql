-- What can tell that an object of the catalog was touched, without reading what it says?
-- PostgreSQL writes a new version of a catalog row for every change, with another place (ctid) or
-- another transaction (xmin); so the rows' places and transactions, hashed for each relation,
-- function and type, are equal as long as nothing of it was changed. Statistics that VACUUM and
-- CREATE INDEX write in place are no part of a snapshot.
-- `zero` makes a row's age, which grows with every transaction, into its transaction's number; those
-- of initdb and pg_upgrade have none, and an age that stays.
-- `named` covers what is printed by name and is not followed through pg_depend.
-- The stamp -0 is of the rest: what belongs to no relation, function or type, and what it mentions;
-- -1 of what decides, beside an object's own rows, whether it is the project's (catalog_scope).
-- Nobody's scope is asked for here: the stamps of what is not the project's are passed over.
with since (zero) as materialized (select age('3'::xid)::bigint),
held (oid, composite, catalog, at, by) as materialized (
    select c.oid, case when c.relkind = 'c' then c.reltype end, c.tableoid, c.ctid, c.xmin
    from pg_class as c
    where c.oid >= 16384 and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'c')
      and c.relpersistence <> 't'
),
written (class, owner, catalog, at, by) as (
    select 'r'::"char", h.oid, h.catalog, h.at, h.by from held as h
    union all
    select 'r', i.indrelid, i.tableoid, i.ctid, i.xmin
    from held as h join pg_index as i on i.indrelid = h.oid
    union all
    select 'r', i.indrelid, x.tableoid, x.ctid, x.xmin
    from held as h join pg_index as i on i.indrelid = h.oid join pg_class as x on x.oid = i.indexrelid
    union all
    select 'r', a.attrelid, a.tableoid, a.ctid, a.xmin
    from held as h join pg_attribute as a on a.attrelid = h.oid and a.attnum > 0
    union all
    select 'r', d.adrelid, d.tableoid, d.ctid, d.xmin
    from pg_attrdef as d where d.adrelid >= 16384
    union all
    select 'r', k.conrelid, k.tableoid, k.ctid, k.xmin
    from pg_constraint as k where k.conrelid >= 16384
    union all
    select 't', k.contypid, k.tableoid, k.ctid, k.xmin
    from pg_constraint as k where k.contypid >= 16384
    union all
    select 'r', g.tgrelid, g.tableoid, g.ctid, g.xmin
    from pg_trigger as g where not g.tgisinternal
    union all
    select 'r', p.polrelid, p.tableoid, p.ctid, p.xmin
    from pg_policy as p
    union all
    select 'r', r.ev_class, r.tableoid, r.ctid, r.xmin
    from pg_rewrite as r where r.ev_class >= 16384
    union all
    select 'r', i.inhrelid, i.tableoid, i.ctid, i.xmin
    from held as h join pg_inherits as i on i.inhrelid = h.oid
    union all
    select 'r', p.partrelid, p.tableoid, p.ctid, p.xmin
    from pg_partitioned_table as p
    union all
    select 'r', f.ftrelid, f.tableoid, f.ctid, f.xmin
    from pg_foreign_table as f
    union all
    select 'r', s.seqrelid, s.tableoid, s.ctid, s.xmin
    from pg_sequence as s
    union all
    -- Which column owns a sequence is written here and nowhere else.
    select 'r', d.objid, d.tableoid, d.ctid, d.xmin
    from pg_sequence as s
    join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid
    where d.deptype in ('a', 'i')
    union all
    select 'f', p.oid, p.tableoid, p.ctid, p.xmin
    from pg_proc as p where p.oid >= 16384
    union all
    select 'f', a.aggfnoid::oid, a.tableoid, a.ctid, a.xmin
    from pg_aggregate as a where a.aggfnoid >= 16384
    union all
    -- Not the arrays, and not the types that tables have.
    select 't', t.oid, t.tableoid, t.ctid, t.xmin
    from pg_type as t
    where t.oid >= 16384 and t.typrelid = 0 and (t.typtype <> 'b' or t.typcategory <> 'A')
    union all
    select 't', t.oid, t.tableoid, t.ctid, t.xmin
    from held as h join pg_type as t on t.oid = h.composite
    union all
    select 't', e.enumtypid, e.tableoid, e.ctid, e.xmin
    from pg_enum as e where e.enumtypid >= 16384
    union all
    select 't', h.composite, a.tableoid, a.ctid, a.xmin
    from held as h join pg_attribute as a on a.attrelid = h.oid
    where h.composite is not null
    union all
    -- Comments belong to what their object belongs to.
    select 'r', coalesce(i.indrelid, d.objoid), d.tableoid, d.ctid, d.xmin
    from pg_description as d left join pg_index as i on i.indexrelid = d.objoid
    where d.classoid = 'pg_class'::regclass and d.objoid >= 16384
    union all
    select 'r', k.conrelid, d.tableoid, d.ctid, d.xmin
    from pg_description as d join pg_constraint as k on k.oid = d.objoid
    where d.classoid = 'pg_constraint'::regclass
    union all
    select 'r', p.polrelid, d.tableoid, d.ctid, d.xmin
    from pg_description as d join pg_policy as p on p.oid = d.objoid
    where d.classoid = 'pg_policy'::regclass
    union all
    select 'r', g.tgrelid, d.tableoid, d.ctid, d.xmin
    from pg_description as d join pg_trigger as g on g.oid = d.objoid
    where d.classoid = 'pg_trigger'::regclass
    union all
    select case d.classoid when 'pg_proc'::regclass then 'f' else 't' end::"char", d.objoid,
           d.tableoid, d.ctid, d.xmin
    from pg_description as d
    where d.classoid in ('pg_proc'::regclass, 'pg_type'::regclass) and d.objoid >= 16384
    union all
    select '-', 0::oid, o.catalog, o.at, o.by
    from (
        select n.tableoid, n.ctid, n.xmin from pg_namespace as n
        union all select e.tableoid, e.ctid, e.xmin from pg_extension as e
        union all select d.tableoid, d.ctid, d.xmin from pg_default_acl as d
        union all select p.tableoid, p.ctid, p.xmin from pg_publication as p
        union all select p.tableoid, p.ctid, p.xmin from pg_publication_rel as p
        union all select p.tableoid, p.ctid, p.xmin from pg_publication_namespace as p
        union all select v.tableoid, v.ctid, v.xmin from pg_event_trigger as v
        union all select s.tableoid, s.ctid, s.xmin from pg_statistic_ext as s
        union all select s.tableoid, s.ctid, s.xmin from pg_foreign_server as s
        union all select w.tableoid, w.ctid, w.xmin from pg_foreign_data_wrapper as w
        union all select c.tableoid, c.ctid, c.xmin from pg_cast as c where c.oid >= 16384
        union all select o.tableoid, o.ctid, o.xmin from pg_operator as o where o.oid >= 16384
        union all select o.tableoid, o.ctid, o.xmin from pg_opclass as o where o.oid >= 16384
        union all select o.tableoid, o.ctid, o.xmin from pg_opfamily as o where o.oid >= 16384
        union all select c.tableoid, c.ctid, c.xmin from pg_collation as c where c.oid >= 16384
        union all select c.tableoid, c.ctid, c.xmin from pg_ts_config as c where c.oid >= 16384
        union all select d.tableoid, d.ctid, d.xmin from pg_ts_dict as d where d.oid >= 16384
        -- Functions and types that operators, casts and event triggers mention by name.
        union all select p.tableoid, p.ctid, p.xmin from pg_proc as p where p.oid >= 16384
        union all
        select t.tableoid, t.ctid, t.xmin from pg_type as t
        where t.oid >= 16384 and t.typrelid = 0 and t.typelem = 0
        union all
        select d.tableoid, d.ctid, d.xmin from pg_description as d
        where d.classoid in (
            'pg_namespace'::regclass, 'pg_extension'::regclass, 'pg_publication'::regclass,
            'pg_event_trigger'::regclass
        )
    ) as o (catalog, at, by)
    union all
    select '-', 1::oid, o.catalog, o.at, o.by
    from (
        select n.tableoid, n.ctid, n.xmin from pg_namespace as n
        -- Members of extensions.
        union all
        select d.tableoid, d.ctid, d.xmin from pg_depend as d
        where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    ) as o (catalog, at, by)
),
stamp (class, owner, hash) as (
    select w.class, w.owner,
           bit_xor(hashtidextended(
               w.at, w.catalog::bigint * 4294967296
                   + coalesce(s.zero - nullif(age(w.by), 2147483647), -1))) as hash
    from written as w
    cross join since as s
    where w.owner >= 16384 or w.class = '-'
    group by w.class, w.owner
),
named (what, oid, name) as (
    select 'role', r.oid, r.rolname::text from pg_roles as r
    union all
    select 'schema', n.oid, n.nspname::text from pg_namespace as n where n.nspname !~ '^pg_'
    union all
    select 'operator class', o.oid, o.opcname::text from pg_opclass as o where o.oid >= 16384
    union all
    select 'operator', o.oid, o.oprname::text from pg_operator as o where o.oid >= 16384
    union all
    select 'collation', c.oid, c.collname::text from pg_collation as c where c.oid >= 16384
    union all
    select 'access method', m.oid, m.amname::text from pg_am as m where m.oid >= 16384
    union all
    select 'language', l.oid, l.lanname::text from pg_language as l where l.oid >= 16384
    union all
    select 'server', s.oid, s.srvname::text from pg_foreign_server as s
)
select (
           select coalesce(json_object_agg(s.class::text || s.owner, s.hash), '{}')::text
           from stamp as s
       ) as stamps,
       (
           select encode(sha256(convert_to(
               string_agg(n.what || ' ' || n.oid || ' ' || n.name, e'\n' order by n.what, n.oid),
               'UTF8')), 'hex')
           from named as n
       ) as named
