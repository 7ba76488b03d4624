-- Rollback of core_eventos_schema_production: takes back every object, newest first.
--
-- All data of EventOS goes with the tables; take a dump first. No cascade and no "if exists": an
-- object that is missing, or that something newer still needs, stops the rollback and nothing is
-- changed. Policies, indexes, triggers and grants of a table go with the table.
--
-- Locks: access exclusive on auth.users, from the drop of
-- the foreign keys to the end of this transaction: readers wait too.

drop view public.event_stats;

drop table public.tickets;
drop table public.attendees;

drop policy "customers order places at published public events" on public.orders;
drop policy "customers read their orders, organizers those of their events" on public.orders;
drop policy "people read public events, their own, and those they ordered" on public.events;

drop trigger orders_price on public.orders;
drop function private.price_order();

drop function private.owned_venue_ids();
drop function private.own_order_ids();
drop function private.ordered_event_ids();
drop function private.organized_event_ids();

drop table public.orders;
drop table public.events;
drop table public.venues;

drop trigger on_auth_user_created on auth.users;
drop function private.create_profile();

drop table public.profiles;

drop function public.set_updated_at();
drop function private.slugify(text);

drop schema private;
