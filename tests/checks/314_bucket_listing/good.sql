insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true), ('closed', 'closed', false);
create policy own_folder on storage.objects for select to authenticated
  using (bucket_id = 'avatars' and name like (select auth.uid())::text || '/%');
create policy closed on storage.objects for select to authenticated using (bucket_id = 'closed');
