-- Stand-in for plpgsql_check: the signatures that migrations and tests call; every check is refused.
create function plpgsql_check_function(funcoid regprocedure, relid regclass default 0, format text default 'text', fatal_errors boolean default true) returns setof text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for plpgsql_check', 'plpgsql_check_function'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function plpgsql_check_function(name text, relid regclass default 0, format text default 'text', fatal_errors boolean default true) returns setof text
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for plpgsql_check', 'plpgsql_check_function'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
