drop policy if exists "read published" on public.posts;
create policy "read published" on public.posts for select to anon, authenticated using (status = 'published');
