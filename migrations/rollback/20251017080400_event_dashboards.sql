-- Rollback of event_dashboards: takes back every object, newest first.
--
-- Dashboards and their layouts go with the table; the figures can be computed again. No cascade and
-- no "if exists": an object that is missing, or that something newer still needs, stops the rollback
-- and nothing is changed. Policies, indexes, triggers and grants go with the table.
--
-- Dropping the trigger takes an access exclusive lock on public.events for the length of this
-- transaction: readers of events wait too.

drop function public.refresh_event_dashboard(uuid);
drop function private.refresh_event_dashboard(uuid);

drop trigger events_create_dashboard on public.events;
drop function private.create_event_dashboard();

drop table public.event_dashboards;
