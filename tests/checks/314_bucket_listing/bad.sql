-- fires on: bucket avatars
-- fires on: bucket "Public Files"
-- fires on: bucket quoted
insert into storage.buckets (id, name, public) values
  ('avatars', 'avatars', true), ('public-files', 'Public Files', true), ('it''s', 'quoted', true), ('closed', 'closed', false);
create policy listing on storage.objects for select using (bucket_id = 'avatars');
create policy listing_2 on storage.objects for select to anon using (bucket_id = 'it''s');
create policy everything on storage.objects for all to authenticated using (bucket_id = 'public-files');
create policy closed on storage.objects for select to anon using (bucket_id = 'closed');
