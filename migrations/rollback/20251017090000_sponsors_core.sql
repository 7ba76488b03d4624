-- Rollback of sponsors_core: takes back every object, newest first.
--
-- Lost: every sponsor. No cascade and no "if exists": an object that is missing, or that something
-- newer still needs (a vector column elsewhere, say), stops the rollback and nothing is changed.

drop function public.match_sponsors(
  extensions.vector, integer, double precision, text, text[], uuid
);

drop table public.sponsors;
drop function private.forget_stale_sponsor_embedding();

drop extension vector;
