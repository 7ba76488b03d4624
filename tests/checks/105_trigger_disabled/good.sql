create function public.touch() returns trigger language plpgsql set search_path = '' as 'begin return new; end';
create table public.t (id int);
create trigger touch before update on public.t for each row execute function public.touch();
alter table public.t disable trigger touch;
alter table public.t enable always trigger touch;
