insert into public.audit (what) select 'backfilled' where not exists (select 1 from public.audit where what = 'backfilled');
