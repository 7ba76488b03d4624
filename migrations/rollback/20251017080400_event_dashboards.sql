-- Rollback of event_dashboards: takes back every object, newest first.
--
-- Dashboards and their layouts go with the table; the figures can be computed again. No cascade and
-- no "if exists": an object that is missing, or that something newer still needs, stops the rollback
-- and nothing is changed. Policies, indexes, triggers and grants go with the table.
--
-- Locks: access exclusive on public.events from the moment the trigger goes until the end of this
-- transaction: its readers wait too.

drop function public.refresh_event_dashboard(uuid);
drop function private.refresh_event_dashboard(uuid);

drop trigger events_create_dashboard on public.events;
drop function private.create_event_dashboard();

drop table public.event_dashboards;
