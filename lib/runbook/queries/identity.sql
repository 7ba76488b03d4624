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
    current_setting('default_transaction_read_only')::bool   as read_only
