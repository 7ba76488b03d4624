-- Stand-in for index_advisor: the signature; it needs the real hypopg.
create function index_advisor(query text) returns table (startup_cost_before jsonb, startup_cost_after jsonb, total_cost_before jsonb, total_cost_after jsonb, index_statements text[], errors text[])
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for index_advisor', 'index_advisor'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
