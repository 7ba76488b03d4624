-- Stand-in for pg_tle: the signatures; an extension cannot be installed from SQL here.
create function pgtle.install_extension(name text, version text, description text, ext text, requires text[] default null) returns boolean
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pg_tle', 'pgtle.install_extension'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgtle.install_update_path(name text, fromvers text, tovers text, ext text) returns boolean
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pg_tle', 'pgtle.install_update_path'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgtle.uninstall_extension(extname text) returns boolean
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pg_tle', 'pgtle.uninstall_extension'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
create function pgtle.set_default_version(name text, version text) returns boolean
language plpgsql as $$
begin
  raise exception '% is not available in the stand-in for pg_tle', 'pgtle.set_default_version'
    using errcode = 'feature_not_supported', hint = 'It runs on the real server only.';
end
$$;
grant usage on schema pgtle to postgres;
