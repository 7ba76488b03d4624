insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true) on conflict (id) do nothing;
create policy "avatars are readable" on storage.objects for select to anon using (bucket_id = 'avatars');
