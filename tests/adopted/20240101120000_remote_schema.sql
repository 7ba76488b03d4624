create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists pgcrypto;
CREATE TYPE public.user_role AS ENUM ('member', 'admin');
create table if not exists public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  username text unique,
  role public.user_role not null default 'member',
  created_at timestamptz not null default now()
);
alter table public.profiles enable row level security;
create policy "Public profiles are viewable by everyone." on public.profiles for select using (true);
create policy "Users can update own profile." on public.profiles for update to authenticated
  using ((select auth.uid()) = id) with check ((select auth.uid()) = id);
