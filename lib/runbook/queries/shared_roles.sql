-- Of these roles: which are there, and which another database of this server uses. Is it embedded?
select coalesce(pg_catalog.current_setting('runbook.embedded', true), '') = 'on',
       array(
           select r.rolname::text
           from pg_catalog.pg_roles as r
           where r.rolname = any (%s::text[])
           order by r.rolname collate "C"
       ),
       array(
           select distinct r.rolname::text collate "C"
           from pg_catalog.pg_shdepend as d
           join pg_catalog.pg_roles as r on r.oid = d.refobjid
           join pg_catalog.pg_database as other on other.oid = d.dbid
           where d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
             and r.rolname = any (%s::text[])
             and other.datname <> pg_catalog.current_database()
           order by 1
       )
