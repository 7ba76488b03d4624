-- Takes shelves back; the catalog is then as it was before.
drop table public.shelves;
