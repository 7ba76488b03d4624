-- event_dashboards
--
-- Purpose:  one dashboard per event: its figures, computed in the database, and the organizer's layout.
-- Objects:  table public.event_dashboards; trigger on public.events that creates a dashboard with
--           each event; functions private.create_event_dashboard, private.refresh_event_dashboard,
--           public.refresh_event_dashboard. Gives every existing event its dashboard.
-- Locks:    share row exclusive on public.events while the foreign key and the trigger are added
--           and the dashboards of existing events are written: writers of events wait, readers do
--           not. No row of public.events is changed.
-- Rollback: rollback/20251017080400_event_dashboards.sql (drops the dashboards).
-- Requires: 20251013060000 (events, orders, attendees, tickets, private.organized_event_ids,
--           public.set_updated_at); 20251017080100 (ticket_tiers).

create table public.event_dashboards (
  event_id uuid primary key references public.events (id) on delete cascade,
  metrics jsonb not null default '{}'
    constraint event_dashboards_metrics_is_object check (jsonb_typeof(metrics) = 'object'),
  layout jsonb not null default '{}'
    constraint event_dashboards_layout_is_object check (jsonb_typeof(layout) = 'object')
    constraint event_dashboards_layout_size check (octet_length(layout::text) <= 65536),
  refreshed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

comment on table public.event_dashboards is
  'One row an event, made with it: figures for the organizer, and how they arrange them.';
comment on column public.event_dashboards.metrics is
  'orders, sales, attendance, tiers; written only by refresh_event_dashboard; searched with @> through a GIN index.';
comment on column public.event_dashboards.layout is 'Which figures the organizer shows, and where.';
comment on column public.event_dashboards.refreshed_at is 'When metrics was computed; null: never.';

create index event_dashboards_metrics_idx
  on public.event_dashboards using gin (metrics jsonb_path_ops);
create index event_dashboards_refreshed_at_idx on public.event_dashboards (refreshed_at nulls first);

alter table public.event_dashboards enable row level security;
revoke all on table public.event_dashboards from anon, authenticated, service_role;
grant select on table public.event_dashboards to authenticated;
grant update (layout) on table public.event_dashboards to authenticated;
grant select, insert, update, delete on table public.event_dashboards to service_role;

create policy "organizers read the dashboards of their events"
  on public.event_dashboards for select to authenticated
  using (event_id = any (array(select private.organized_event_ids())));

create policy "organizers arrange the dashboards of their events"
  on public.event_dashboards for update to authenticated
  using (event_id = any (array(select private.organized_event_ids())))
  with check (event_id = any (array(select private.organized_event_ids())));

create trigger event_dashboards_set_updated_at
  before update on public.event_dashboards
  for each row execute function public.set_updated_at();

create function private.create_event_dashboard()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.event_dashboards (event_id) values (new.id);
  return new;
end;
$$;

comment on function private.create_event_dashboard() is
  'After insert on events: the event''s dashboard. Definer, because organizers hold no right to insert one.';

revoke execute on function private.create_event_dashboard() from public;

create trigger events_create_dashboard
  after insert on public.events
  for each row execute function private.create_event_dashboard();

-- Events that exist already. The trigger's lock keeps new ones out until this is committed.
insert into public.event_dashboards (event_id)
select e.id from public.events as e;

create function private.refresh_event_dashboard(event_id uuid)
returns jsonb
language sql
security definer
set search_path = ''
as $$
  update public.event_dashboards as d
  set
    refreshed_at = now(),
    metrics = jsonb_build_object(
      'orders', (
        select jsonb_build_object(
          'pending', count(*) filter (where o.status = 'pending'),
          'paid', count(*) filter (where o.status = 'paid'),
          'cancelled', count(*) filter (where o.status = 'cancelled'),
          'refunded', count(*) filter (where o.status = 'refunded')
        )
        from public.orders as o
        where o.event_id = d.event_id
      ),
      'sales', (
        select jsonb_build_object(
          'sold', coalesce(sum(o.quantity), 0),
          'revenue_cents', coalesce(sum(o.total_cents), 0),
          'currency', e.currency,
          'capacity', e.capacity,
          'remaining', e.capacity - coalesce(sum(o.quantity), 0)
        )
        from public.events as e
        left join public.orders as o on o.event_id = e.id and o.status = 'paid'
        where e.id = d.event_id
        group by e.id
      ),
      'attendance', (
        select jsonb_build_object(
          'attendees', count(distinct a.id),
          'checked_in', count(t.id) filter (where t.status = 'used')
        )
        from public.attendees as a
        left join public.tickets as t on t.attendee_id = a.id
        where a.event_id = d.event_id
      ),
      'tiers', (
        select coalesce(
          jsonb_agg(
            jsonb_build_object(
              'slug', tt.slug, 'status', tt.status, 'quantity', tt.quantity, 'sold', tt.sold,
              'available', tt.available
            )
            order by tt."position", tt.slug
          ),
          '[]'
        )
        from public.ticket_tiers as tt
        where tt.event_id = d.event_id
      )
    )
  where d.event_id = refresh_event_dashboard.event_id
  returning d.metrics;
$$;

comment on function private.refresh_event_dashboard(uuid) is
  'Computes an event''s figures from orders, attendees, tickets and tiers. Definer, because nobody but it writes metrics; reached only through public.refresh_event_dashboard.';

revoke execute on function private.refresh_event_dashboard(uuid) from public;
grant execute on function private.refresh_event_dashboard(uuid) to authenticated, service_role;

-- The caller's own policies decide which dashboard is found; only a found one is refreshed. The body
-- is bound to the private function when it is created: callers need no right on that schema.
create function public.refresh_event_dashboard(event_id uuid)
returns jsonb
language sql
set search_path = ''
return (
  select private.refresh_event_dashboard(d.event_id)
  from public.event_dashboards as d
  where d.event_id = refresh_event_dashboard.event_id
);

comment on function public.refresh_event_dashboard(uuid) is
  'Computes the figures of an event that the caller organizes (a server: of any), stores and returns them; null when there is no such dashboard to the caller.';

revoke execute on function public.refresh_event_dashboard(uuid) from public, anon;
grant execute on function public.refresh_event_dashboard(uuid) to authenticated, service_role;
