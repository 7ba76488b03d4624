create index concurrently if not exists posts_status_idx on public.posts (status);
