create table public.accounts (id int, owner_id uuid, api_key text, max_tokens int, token_count int, password_hint_at date);
alter table public.accounts enable row level security;
create policy owners on public.accounts for select to authenticated using (owner_id = (select auth.uid()));
create table public.open (id int, secret text, label text);
alter table public.open enable row level security;
create policy everybody on public.open for select using (true);
revoke all on public.open from anon, authenticated;
grant select (id, label) on public.open to anon, authenticated;
