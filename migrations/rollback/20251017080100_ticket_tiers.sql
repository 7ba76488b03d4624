-- Rollback of ticket_tiers: takes back every object, newest first.
--
-- The tiers, and with them the count of what was sold, go with the table. No cascade and no
-- "if exists": an object that is missing, or that something newer still needs, stops the rollback
-- and nothing is changed. Policies, indexes, triggers and grants go with the table.
--
-- Locks: access exclusive on public.events, from the drop of
-- the foreign keys to the end of this transaction: readers wait too.

drop function public.release_tickets(uuid, integer);
drop function public.sell_tickets(uuid, integer);

drop table public.ticket_tiers;

drop function private.set_ticket_tier_status();
