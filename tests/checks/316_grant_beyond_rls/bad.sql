-- fires on: public.t to anon
-- fires on: public.t to authenticated
-- fires on: public.u to public
-- fires on: public.w to anon
create table public.t (id int);
grant all on public.t to anon, authenticated;
create table public.u (id int);
revoke all on public.u from anon, authenticated;
grant truncate on public.u to public;
create table public.w (id int);
revoke all on public.w from anon, authenticated;
grant select, references, trigger on public.w to anon;
