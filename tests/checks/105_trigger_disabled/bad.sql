-- fires on: public.t ("Touch Me")
-- fires on: public.t (on_replicas)
-- fires on: public.v (into_view)
-- fires on: event trigger watch
create function public.touch() returns trigger language plpgsql set search_path = '' as 'begin return new; end';
create table public.t (id int);
create trigger "Touch Me" before update on public.t for each row execute function public.touch();
create trigger on_replicas before update on public.t for each row execute function public.touch();
create trigger awake before insert on public.t for each row execute function public.touch();
alter table public.t disable trigger "Touch Me";
alter table public.t enable replica trigger on_replicas;
create view public.v with (security_invoker) as select id from public.t;
create trigger into_view instead of insert on public.v for each row execute function public.touch();
reset role;
update pg_trigger set tgenabled = 'D' where tgname = 'into_view';
create function public.watched() returns event_trigger language plpgsql set search_path = '' as 'begin end';
create event trigger watch on ddl_command_end execute function public.watched();
alter event trigger watch disable;
