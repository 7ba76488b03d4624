create table public.t (id int, state text, token text);
alter table public.t enable row level security;
create policy holders on public.t for update to anon
  using (state = 'draft' and token = (select current_setting('request.headers', true)::json ->> 'x-token'));
create policy nobody on public.t for delete to anon using (false);
create function public.mine(text) returns boolean language sql stable set search_path = '' as 'select false';
create policy by_function on public.t for delete to anon using (public.mine(token));
create table public.ungranted (id int);
alter table public.ungranted enable row level security;
revoke all on public.ungranted from anon;
create policy drafts on public.ungranted for update using (id > 0);
