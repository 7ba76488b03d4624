-- fires on: public.t (positive)
-- fires on: public.t (t_m_present)
-- fires on: public.share (fraction)
-- fires on: public.loose ("loose check")
create table public.t (n int, m int);
alter table public.t add constraint positive check (n > 0) not valid;
alter table public.t add constraint t_m_present not null m not valid;
create domain public.share as numeric;
alter domain public.share add constraint fraction check (value between 0 and 1) not valid;
create table public.loose (n int, constraint "loose check" check (n > 0) not enforced);
