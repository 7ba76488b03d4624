-- The body of the block that plays a scenario over MCP: each step as its actor in an exception
-- block, which is its savepoint; then everything is taken back, and what was seen is left.
-- $names stand for texts that playing.py fills in.
declare
    seen jsonb := '[]'; tried jsonb := '[]'; answer jsonb; state_before jsonb; state_after jsonb;
    row_seen record; first_text text; first_json text; counted bigint; doing text;
    user_count bigint; user_id text; user_email text; claims jsonb; began timestamptz;
    own_xid text; looks jsonb := '[]'; rows json; types json; kept bigint;
    %(declared)s
begin
    select jsonb_build_array(s.role, s.locks, s.prepared) into state_before from (%(state)s) as s (role, locks, prepared);
    begin
        own_xid := pg_current_xact_id()::xid::text;
        %(steps)s
        %(looks)s
        %(attempts)s
        raise sqlstate '%(undo)s';
    exception
        when sqlstate '%(undo)s' then null;
        when query_canceled or others then
            %(diagnostics)s
            answer := jsonb_build_object('error', %(error)s);
    end;
    %(later)s
    select jsonb_build_array(s.role, s.locks, s.prepared) into state_after from (%(state)s) as s (role, locks, prepared);
    answer := coalesce(answer, '{}') || jsonb_build_object('seen', seen, 'tried', tried,
        'looks', looks, 'before', state_before, 'after', state_after);
    perform set_config('runbook.answer', answer::text, true);
end
