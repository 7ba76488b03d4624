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
       r.oid = d.datdba as owner,
       array(select g.rolname::text from pg_catalog.pg_auth_members m
               join pg_catalog.pg_roles g on g.oid = m.roleid
              where m.member = r.oid order by 1) as member_of
  from used
  join pg_catalog.pg_roles r using (oid)
  join pg_catalog.pg_database d on d.datname = current_database()
 where r.rolname !~ '^pg_'
 order by r.rolname
