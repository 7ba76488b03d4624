create table public.t (a regclass, b regtype, c regrole, d oid, gone regproc);
alter table public.t drop column gone;
