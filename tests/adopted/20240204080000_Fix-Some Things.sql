do $$
begin
  if not exists (select 1 from pg_constraint where conname = 'posts_title_len') then
    alter table public.posts add constraint posts_title_len check (char_length(title) < 300);
  end if;
end $$;
