-- Stand-in for hypopg: the signatures; hypothetical indexes need hooks in the planner.
create function hypopg_create_index(sql_order text, out indexrelid oid, out indexname text) returns setof record
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for hypopg', 'hypopg_create_index'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function hypopg_drop_index(indexid oid) returns boolean
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for hypopg', 'hypopg_drop_index'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function hypopg_reset() returns void
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for hypopg', 'hypopg_reset'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
