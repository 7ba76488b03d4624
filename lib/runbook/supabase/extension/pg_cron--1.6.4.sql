-- Stand-in for pg_cron: schedules are checked and stored, no job ever runs.
create schema cron;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;
create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport int not null default inet_server_port(),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job alter nodeport set default 5432;
create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid int,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
comment on table cron.job is 'Stand-in: jobs are kept here, nothing runs them.';
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

-- Five fields, a named interval, or 1 to 59 seconds. Each field's items must be in its range.
create function cron._valid(schedule text) returns boolean language plpgsql immutable as $$
declare
  fields constant text[] := regexp_split_to_array(trim(schedule), '\s+');
  low constant int[] := '{0,0,1,1,0}';
  high constant int[] := '{59,23,31,12,7}';
  item text;
  part text[];
begin
  if schedule ~* '^\s*@(yearly|annually|monthly|weekly|daily|midnight|hourly|reboot)\s*$' then
    return true;
  end if;
  if schedule ~* '^\s*([1-9]|[1-5][0-9])\s+seconds?\s*$' then
    return true;
  end if;
  if cardinality(fields) <> 5 then
    return false;
  end if;
  for i in 1 .. 5 loop
    foreach item in array string_to_array(lower(fields[i]), ',') loop
      if i = 3 and item = '$' then
        continue;
      elsif i = 4 and item ~ '^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$'
        or i = 5 and item ~ '^(sun|mon|tue|wed|thu|fri|sat)(-(sun|mon|tue|wed|thu|fri|sat))?$' then
        continue;
      end if;
      part := regexp_match(item, '^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
      if part is null or part[1]::int not between low[i] and high[i]
        or part[2]::int not between low[i] and high[i] or part[3]::int = 0 then
        return false;
      end if;
    end loop;
  end loop;
  return true;
end
$$;
create function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  id bigint;
begin
  if not cron._valid(schedule) then
    raise exception 'invalid schedule: %', schedule using errcode = 'invalid_parameter_value',
      hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''.';
  end if;
  insert into cron.job as job (jobname, schedule, command, username)
  values (job_name, schedule, command, session_user)
  on conflict on constraint jobname_username_uniq
    do update set schedule = excluded.schedule, command = excluded.command
  returning job.jobid into id;
  return id;
end
$$;
create function cron.schedule(schedule text, command text) returns bigint
language sql as $$ select cron.schedule(null::text, schedule, command) $$;
create function cron.unschedule(job_id bigint) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  delete from cron.job where jobid = job_id and username = session_user;
  if not found then
    raise exception 'could not find valid entry for job %', job_id;
  end if;
  return true;
end
$$;
create function cron.unschedule(job_name text) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  delete from cron.job where jobname = job_name and username = session_user;
  if not found then
    raise exception 'could not find valid entry for job %', quote_literal(job_name);
  end if;
  return true;
end
$$;
create function cron.alter_job(
  job_id bigint, schedule text default null, command text default null,
  database text default null, username text default null, active boolean default null
) returns void language plpgsql security definer set search_path = '' as $$
begin
  if alter_job.schedule is not null and not cron._valid(alter_job.schedule) then
    raise exception 'invalid schedule: %', alter_job.schedule
      using errcode = 'invalid_parameter_value';
  end if;
  update cron.job set
    schedule = coalesce(alter_job.schedule, job.schedule),
    command = coalesce(alter_job.command, job.command),
    database = coalesce(alter_job.database, job.database),
    username = coalesce(alter_job.username, job.username),
    active = coalesce(alter_job.active, job.active)
  where job.jobid = job_id and job.username = session_user;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id;
  end if;
end
$$;
create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null,
  active boolean default true
) returns bigint language plpgsql security definer set search_path = '' as $$
declare
  id constant bigint := cron.schedule(job_name, schedule, command);
begin
  update cron.job set database = schedule_in_database.database,
    active = schedule_in_database.active where jobid = id;
  return id;
end
$$;
revoke execute on all functions in schema cron from public;
grant execute on all functions in schema cron to postgres;
grant usage on schema cron to postgres with grant option;
grant select, insert, update, delete on all tables in schema cron to postgres;
grant all on all sequences in schema cron to postgres;
