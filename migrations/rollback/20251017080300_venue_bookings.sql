-- Rollback of venue_bookings: takes back every object, newest first.
--
-- The bookings go with the table. No cascade and no "if exists": an object that is missing, or that
-- something newer still needs, stops the rollback and nothing is changed. Policies, indexes,
-- triggers and grants go with the table.
--
-- The extension was created by the migration and goes too. Where btree_gist was installed before it
-- and is used elsewhere, the last statement fails and everything stays: take that statement out.
--
-- Locks: access exclusive on public.profiles, public.venues and public.events, from the drop of
-- the foreign keys to the end of this transaction: readers wait too.

drop function public.venue_is_free(uuid, timestamptz, timestamptz);
drop function private.venue_is_free(uuid, timestamptz, timestamptz);

drop table public.venue_bookings;

drop function private.guard_venue_booking();
drop function private.price_venue_booking();

drop extension btree_gist;
