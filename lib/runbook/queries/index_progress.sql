-- How far is the index build of the session $pid? Lockers first, then tuples, then blocks: whichever
-- the build is counting at the moment.
select coalesce(p.index_relid::regclass::text, '(being made)')   as index,
       p.relid::regclass::text                                   as on_table,
       p.phase,
       case when p.tuples_total > 0 then p.tuples_done
            when p.blocks_total > 0 then p.blocks_done
            else p.lockers_done end                              as done,
       case when p.tuples_total > 0 then p.tuples_total
            when p.blocks_total > 0 then p.blocks_total
            else p.lockers_total end                             as total,
       case when p.tuples_total > 0 then 'rows'
            when p.blocks_total > 0 then 'blocks'
            else 'transactions to wait for' end                  as unit
from pg_catalog.pg_stat_progress_create_index p
where p.pid = %(pid)s and p.datname = current_database()
