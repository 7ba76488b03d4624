-- The body of the block that applies a migration over MCP, or takes one back: guards, the file's
-- statements, the account of what they did; and only where that is what was judged, the history row
-- and the event. sending.py fills the names in; PL/pgSQL's exceptions take everything back.
declare
    catalog_now text := %(summary)s;
    tables_before jsonb; tables_after jsonb; objects_before jsonb; objects_after jsonb;
    print_before text; print_after text; rows_now jsonb; seen jsonb; the_detail jsonb; answer jsonb;
    number int := 0; began timestamptz := clock_timestamp();
    event_seq bigint; event_at text; event_hash text;
    %(declared)s
begin
    begin
        -- A call that was given up may still arrive: then it must not run.
        if clock_timestamp() > %(deadline)s::timestamptz then
            answer := '{"refused": "late"}';
        elsif not pg_try_advisory_xact_lock(hashtextextended('runbook.apply', 0)) then
            answer := '{"refused": "held"}';
        elsif %(stale)s then
            answer := '{"refused": "stale"}';
        end if;
        if answer is not null then
            raise sqlstate '%(undo)s';
        end if;
        perform set_config('lock_timeout', %(lock_timeout)s, true);
        %(first)s
        number := 0;
        select coalesce(jsonb_object_agg(t.oid, to_jsonb(t)), '{}') into tables_before
        from (%(tables)s) as t;
        %(read_before)s
        if print_before <> %(before)s then
            answer := '{"refused": "changed"}';
            raise sqlstate '%(undo)s';
        end if;

        %(statements)s

        number := 0;
        set constraints all immediate;
        execute 'reset session authorization';
        execute 'reset role';
        execute 'reset all';
        perform set_config('lock_timeout', %(lock_timeout)s, true);
        select coalesce(jsonb_object_agg(t.oid, to_jsonb(t)), '{}') into tables_after
        from (%(tables)s) as t;
        %(read_after)s
        select jsonb_build_object(
            'touched', (
                select coalesce(jsonb_object_agg(b.key, jsonb_build_object(
                    'has_rows', b.value -> 'has_rows',
                    'gone', a.value is null,
                    'refiled', a.value -> 'filenode' is distinct from b.value -> 'filenode',
                    'inserted', (a.value ->> 'inserted')::bigint - (b.value ->> 'inserted')::bigint,
                    'updated', (a.value ->> 'updated')::bigint - (b.value ->> 'updated')::bigint,
                    'deleted', (a.value ->> 'deleted')::bigint - (b.value ->> 'deleted')::bigint,
                    'dropped_columns', (a.value ->> 'dropped_columns')::bigint
                        - (b.value ->> 'dropped_columns')::bigint)), '{}')
                from jsonb_each(tables_before) as b
                left join jsonb_each(tables_after) as a on a.key = b.key
                where a.value - 'has_rows' - 'name' is distinct from b.value - 'has_rows' - 'name'
            ),
            'locks', (
                select coalesce(jsonb_agg(jsonb_build_array(h.name, h.mode)
                    order by h.name collate "C"), '[]')
                from (
                    select distinct on (l.name) l.name, l.mode
                    from (%(locks)s) as l
                    order by l.name, array_position(%(modes)s::text[], l.mode) desc
                ) as h
            ),
            'changed', (
                select coalesce(jsonb_object_agg(coalesce(a.key, b.key), jsonb_build_array(
                    case when b.key is null then 'added' when a.key is null then 'removed'
                         else 'changed' end, a.value)), '{}')
                from jsonb_each(objects_before) as b
                full join jsonb_each(objects_after) as a on a.key = b.key
                where a.value is distinct from b.value
            )
        ) into seen;
        if %(compared)s is distinct from %(judged)s::jsonb then
            answer := jsonb_build_object('judge', seen, 'catalog', print_after);
            raise sqlstate '%(undo)s';
        end if;

        %(history)s;
        the_detail := %(detail)s::jsonb || jsonb_build_object(
            'xid', pg_current_xact_id()::text,
            'catalog', print_after,
            'seconds', round(extract(epoch from clock_timestamp() - began), 3),
            'held_at_most_s', round(extract(epoch from clock_timestamp() - began), 3));
        %(append)s
        into event_seq, event_at, event_hash;
        answer := '{"committed": true}';
    exception
        when sqlstate '%(undo)s' then null;
        when query_canceled or others then
            %(diagnostics)s
            answer := jsonb_build_object('number', number, 'error', %(error)s);
    end;
    perform set_config('runbook.answer', answer::text, true);
end
