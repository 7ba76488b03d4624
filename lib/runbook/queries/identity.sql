-- Which database is this, and can it take a migration? One row.
select
    case when has_function_privilege('pg_catalog.pg_control_system()', 'execute')
         then (select system_identifier::text from pg_catalog.pg_control_system())
         else '' end                                         as system_identifier,
    current_database()                                       as database,
    current_user::text                                       as role,
    current_setting('server_version_num')::int / 10000       as major,
    split_part(current_setting('server_version'), ' ', 1)    as version,
    pg_catalog.pg_is_in_recovery()                           as standby,
    -- The setting that a session starts with; ours may have turned it on by itself.
    (select reset_val = 'on' from pg_catalog.pg_settings
      where name = 'default_transaction_read_only')          as read_only
