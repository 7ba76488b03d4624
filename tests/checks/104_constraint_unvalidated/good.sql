create table public.t (n int);
alter table public.t add constraint positive check (n > 0) not valid;
alter table public.t validate constraint positive;
create domain public.share as numeric;
alter domain public.share add constraint fraction check (value between 0 and 1);
