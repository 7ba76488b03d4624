-- Who are we, on which server, and does it have the roles of an API?
select current_user::text,
       current_setting('server_version_num')::int,
       array(
           select r.rolname::text
           from pg_catalog.pg_roles as r
           where r.rolname in ('anon', 'authenticated')
           order by r.rolname
       )
