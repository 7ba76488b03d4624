-- Stand-in for pgmq: queues are real tables and messages are really kept, read, archived and
-- deleted. Partitioned queues, FIFO reads and notifications are left out.
create table pgmq.meta (
  queue_name varchar unique not null,
  is_partitioned boolean not null,
  is_unlogged boolean not null,
  created_at timestamptz not null default now()
);
create type pgmq.message_record as (
  msg_id bigint, read_ct integer, enqueued_at timestamptz, vt timestamptz, message jsonb
);
create type pgmq.queue_record as (
  queue_name varchar, is_partitioned boolean, is_unlogged boolean, created_at timestamptz
);
create function pgmq.format_table_name(queue_name text, prefix text) returns text
language plpgsql immutable as $$
begin
  if queue_name ~ '[^a-zA-Z0-9_]' then
    raise exception 'queue name contains invalid characters: %', queue_name;
  end if;
  return lower(prefix || '_' || queue_name);
end
$$;
create function pgmq.create_non_partitioned(queue_name text, unlogged boolean default false)
returns void language plpgsql as $$
declare
  queue constant text := pgmq.format_table_name(queue_name, 'q');
  archive constant text := pgmq.format_table_name(queue_name, 'a');
begin
  if exists (select from pgmq.meta as m where m.queue_name = create_non_partitioned.queue_name) then
    return;
  end if;
  execute format('create %s table pgmq.%I (msg_id bigint primary key generated always as identity,
    read_ct int not null default 0, enqueued_at timestamptz not null default now(),
    vt timestamptz not null, message jsonb)', case when unlogged then 'unlogged' else '' end, queue);
  execute format('create index on pgmq.%I (vt)', queue);
  execute format('create table pgmq.%I (msg_id bigint primary key, read_ct int not null default 0,
    enqueued_at timestamptz not null default now(), archived_at timestamptz not null default now(),
    vt timestamptz not null, message jsonb)', archive);
  insert into pgmq.meta (queue_name, is_partitioned, is_unlogged)
  values (create_non_partitioned.queue_name, false, unlogged);
end
$$;
create function pgmq.create(queue_name text) returns void
language sql as $$ select pgmq.create_non_partitioned(queue_name) $$;
create function pgmq.create_unlogged(queue_name text) returns void
language sql as $$ select pgmq.create_non_partitioned(queue_name, true) $$;
create function pgmq.drop_queue(queue_name text) returns boolean language plpgsql as $$
begin
  execute format('drop table if exists pgmq.%I, pgmq.%I',
    pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a'));
  delete from pgmq.meta as m where m.queue_name = drop_queue.queue_name;
  return found;
end
$$;
create function pgmq.send(queue_name text, msg jsonb, delay integer default 0)
returns setof bigint language plpgsql as $$
begin
  return query execute format('insert into pgmq.%I (vt, message)
    values (clock_timestamp() + make_interval(secs => $1), $2) returning msg_id',
    pgmq.format_table_name(queue_name, 'q')) using delay, msg;
end
$$;
create function pgmq.send_batch(queue_name text, msgs jsonb[], delay integer default 0)
returns setof bigint language plpgsql as $$
begin
  return query execute format('insert into pgmq.%I (vt, message)
    select clock_timestamp() + make_interval(secs => $1), unnest($2) returning msg_id',
    pgmq.format_table_name(queue_name, 'q')) using delay, msgs;
end
$$;
create function pgmq.read(queue_name text, vt integer, qty integer)
returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format('with next as (select msg_id from pgmq.%1$I
      where vt <= clock_timestamp() order by msg_id limit $1 for update skip locked)
    update pgmq.%1$I as m set vt = clock_timestamp() + make_interval(secs => $2),
      read_ct = read_ct + 1
    from next where m.msg_id = next.msg_id
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message',
    pgmq.format_table_name(queue_name, 'q')) using qty, vt;
end
$$;
create function pgmq.pop(queue_name text) returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format('with next as (select msg_id from pgmq.%1$I
      where vt <= clock_timestamp() order by msg_id limit 1 for update skip locked)
    delete from pgmq.%1$I as m using next where m.msg_id = next.msg_id
    returning m.msg_id, m.read_ct, m.enqueued_at, m.vt, m.message',
    pgmq.format_table_name(queue_name, 'q'));
end
$$;
create function pgmq.delete(queue_name text, msg_id bigint) returns boolean language plpgsql as $$
declare
  gone bigint;
begin
  execute format('delete from pgmq.%I where msg_id = $1',
    pgmq.format_table_name(queue_name, 'q')) using msg_id;
  get diagnostics gone = row_count;
  return gone > 0;
end
$$;
create function pgmq.archive(queue_name text, msg_id bigint) returns boolean language plpgsql as $$
declare
  moved bigint;
begin
  execute format('with gone as (delete from pgmq.%I where msg_id = $1
      returning msg_id, vt, read_ct, enqueued_at, message)
    insert into pgmq.%I (msg_id, vt, read_ct, enqueued_at, message) select * from gone',
    pgmq.format_table_name(queue_name, 'q'), pgmq.format_table_name(queue_name, 'a')) using msg_id;
  get diagnostics moved = row_count;
  return moved > 0;
end
$$;
create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer)
returns setof pgmq.message_record language plpgsql as $$
begin
  return query execute format('update pgmq.%I set vt = clock_timestamp() + make_interval(secs => $2)
    where msg_id = $1 returning msg_id, read_ct, enqueued_at, vt, message',
    pgmq.format_table_name(queue_name, 'q')) using msg_id, vt;
end
$$;
create function pgmq.purge_queue(queue_name text) returns bigint language plpgsql as $$
declare
  gone bigint;
begin
  execute format('delete from pgmq.%I', pgmq.format_table_name(queue_name, 'q'));
  get diagnostics gone = row_count;
  return gone;
end
$$;
create function pgmq.list_queues() returns setof pgmq.queue_record
language sql stable as $$ select queue_name, is_partitioned, is_unlogged, created_at from pgmq.meta $$;
grant usage, create on schema pgmq to postgres;
grant all on all tables in schema pgmq to postgres with grant option;
