-- Which role writes the ledger here: its owner; before there is one, the history's owner, or the
-- database's, or, where that is a superuser, the role of the check. And may our session be it?
select r.rolname::text, r.rolname = current_user as ours,
       pg_catalog.pg_has_role(session_user, r.oid, 'member') as member
  from pg_catalog.pg_roles r
 where r.oid = coalesce(
    (select nspowner from pg_catalog.pg_namespace where nspname = 'runbook'),
    (select nspowner from pg_catalog.pg_namespace where nspname = 'supabase_migrations'),
    (select d.datdba from pg_catalog.pg_database d join pg_catalog.pg_roles o on o.oid = d.datdba
      where d.datname = current_database() and not o.rolsuper),
    (select oid from pg_catalog.pg_roles where rolname = %(checked)s),
    (select oid from pg_catalog.pg_roles where rolname = current_user))
