alter table public.posts add column updated_at timestamptz not null default now();
alter table public.profiles add column if not exists bio text;
create function public.touch() returns trigger language plpgsql set search_path = '' as $f$ begin new.updated_at := now(); return new; end $f$;
create trigger posts_touch before update on public.posts for each row execute function public.touch();
