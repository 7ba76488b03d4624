create table public.comments (id uuid primary key default gen_random_uuid(), post bigint not null references public.posts on delete cascade, author uuid not null references public.profiles on delete cascade, body text not null);
create index on public.comments (post);
create index on public.comments (author);
alter table public.comments enable row level security;
create policy own on public.comments for all to authenticated using (author = (select auth.uid())) with check (author = (select auth.uid()));
create function public.comment_count(p bigint) returns bigint language sql stable set search_path = '' as $$ select count(*) from public.comments where post = p $$;
alter publication supabase_realtime add table public.comments;
