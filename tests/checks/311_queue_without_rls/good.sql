create schema pgmq_public;
create schema if not exists pgmq;
create table pgmq.q_orders (msg_id bigint);
alter table pgmq.q_orders enable row level security;
create table pgmq.meta (queue_name text);
