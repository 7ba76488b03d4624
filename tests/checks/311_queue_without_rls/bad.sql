-- fires on: pgmq.q_orders
-- fires on: pgmq."q_E-mails"
create schema pgmq_public;
create schema if not exists pgmq;
create table pgmq.q_orders (msg_id bigint);
create table pgmq."q_E-mails" (msg_id bigint);
create table pgmq.a_orders (msg_id bigint);
