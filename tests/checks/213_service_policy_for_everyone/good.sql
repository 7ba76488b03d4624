create table public.t (id int);
alter table public.t enable row level security;
create policy "Service role can manage" on public.t to service_role using (true);
create policy "service_role reads" on public.t for select using ((select auth.role()) = 'service_role');
create policy "customer service roles" on public.t for select to authenticated using (false);
