-- fires on: public.accounts.password_hash
-- fires on: public.accounts."apiKey"
-- fires on: public.people.ssn
-- fires on: public.people.card_number
create table public.accounts (id int, password_hash text, "apiKey" text, token_count int);
create table public.people (id int, ssn text, card_number text, pinned boolean, secretary text);
alter table public.people enable row level security;
create policy everybody on public.people for select using (true);
create table public.safe (id int, owner_id uuid, secret text);
alter table public.safe enable row level security;
create policy owners on public.safe for select to authenticated using (owner_id = (select auth.uid()));
