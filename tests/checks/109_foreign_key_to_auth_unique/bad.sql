-- fires on: public.profiles (profiles_phone_fkey)
-- fires on: public.invitations (invited)
create table public.profiles (id uuid primary key references auth.users (id), phone text references auth.users (phone));
reset role;
alter table auth.users add column handle text unique;
create table public.invitations (handle text, constraint invited foreign key (handle) references auth.users (handle));
