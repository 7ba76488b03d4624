-- The roles that own something in this database, hold a right in it, or are what ours is in.
with recursive used as (
    select refobjid as oid from pg_catalog.pg_shdepend
     where refclassid = 'pg_catalog.pg_authid'::regclass
       and dbid = (select oid from pg_catalog.pg_database where datname = current_database())
    union
    select oid from pg_catalog.pg_roles where rolname = current_user
    union
    select datdba from pg_catalog.pg_database where datname = current_database()
    union
    select m.roleid from pg_catalog.pg_auth_members m join used u on u.oid = m.member
)
select r.rolname, r.rolname = current_user as ours, r.rolsuper, r.rolinherit, r.rolbypassrls,
       r.rolcreaterole, r.oid = d.datdba as owner,
       -- Before PostgreSQL 16 a membership had no options of its own but ADMIN.
       coalesce((
           select pg_catalog.jsonb_agg(each order by each ->> 0)
           from (
               select pg_catalog.jsonb_build_array(
                          g.rolname,
                          pg_catalog.bool_or(m.admin_option),
                          pg_catalog.bool_or(coalesce(
                              (pg_catalog.to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)),
                          pg_catalog.bool_or(coalesce(
                              (pg_catalog.to_jsonb(m) ->> 'set_option')::boolean, true))
                      ) as each
               from pg_catalog.pg_auth_members m
               join pg_catalog.pg_roles g on g.oid = m.roleid
               where m.member = r.oid
               group by g.rolname
           ) as memberships
       ), '[]') as member_of
  from used
  join pg_catalog.pg_roles r using (oid)
  join pg_catalog.pg_database d on d.datname = current_database()
 where r.rolname !~ '^pg_'
 order by r.rolname
