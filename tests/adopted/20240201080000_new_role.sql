alter type public.user_role add value if not exists 'moderator';
create policy "moderators update" on public.posts for update to authenticated
  using (exists (select 1 from public.profiles p where p.id = (select auth.uid()) and p.role = 'moderator'));
