-- ticket_tiers
--
-- Purpose:  kinds of tickets of one event, each with its price, its number and its sale window.
-- Objects:  table public.ticket_tiers; functions private.set_ticket_tier_status,
--           public.sell_tickets, public.release_tickets.
-- Locks:    share row exclusive on public.events while the foreign key is added (an instant: the
--           new table is empty). Nothing existing is changed.
-- Rollback: rollback/20251017080100_ticket_tiers.sql (drops the tiers).
-- Requires: 20251013060000 (events, private.slugify, private.organized_event_ids,
--           public.set_updated_at).
--
-- How it never oversells: the server sells through public.sell_tickets, one conditional UPDATE. Of
-- two buyers of the last ticket the second waits for the row, then finds the condition false. No API
-- role but the server's may write the column sold, and the CHECK refuses whatever gets past all
-- that. The error code PT409 makes PostgREST answer 409 Conflict instead of 500.

create table public.ticket_tiers (
  id uuid primary key default gen_random_uuid(),
  event_id uuid not null references public.events (id) on delete cascade,
  name text not null
    constraint ticket_tiers_name_length check (char_length(name) between 1 and 80),
  slug text not null generated always as (private.slugify(name)) stored
    constraint ticket_tiers_slug_not_empty check (slug <> ''),
  description text not null default '',
  price_cents bigint not null
    constraint ticket_tiers_price_not_negative check (price_cents >= 0),
  currency text not null
    constraint ticket_tiers_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  quantity integer not null
    constraint ticket_tiers_quantity_positive check (quantity > 0),
  sold integer not null default 0,
  available integer not null generated always as (quantity - sold) stored,
  max_per_order integer not null default 10
    constraint ticket_tiers_max_per_order_in_range check (max_per_order between 1 and 100),
  sale_start_at timestamptz,
  sale_end_at timestamptz,
  status text not null default 'draft'
    constraint ticket_tiers_status_known check (status in ('draft', 'active', 'paused', 'sold_out')),
  "position" integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint ticket_tiers_event_id_slug_key unique (event_id, slug),
  constraint ticket_tiers_never_oversold check (sold between 0 and quantity),
  constraint ticket_tiers_sold_out_is_true check ((status = 'sold_out') = (sold = quantity)),
  constraint ticket_tiers_sale_window check (sale_start_at < sale_end_at)
);

comment on table public.ticket_tiers is
  'Kinds of tickets of an event. Organizers set price and number; only the server sells.';
comment on column public.ticket_tiers.slug is 'From the name; unique within the event.';
comment on column public.ticket_tiers.sold is
  'Moved only by public.sell_tickets and public.release_tickets.';
comment on column public.ticket_tiers.available is 'quantity - sold.';
comment on column public.ticket_tiers.sale_start_at is 'Null: on sale as soon as the tier is active.';
comment on column public.ticket_tiers.sale_end_at is 'Null: on sale until the event is over.';
comment on column public.ticket_tiers.status is
  'draft, active or paused as the organizer decides; sold_out follows the count.';
comment on column public.ticket_tiers."position" is 'Order of display, smallest first.';

create index ticket_tiers_active_sale_end_at_idx on public.ticket_tiers (sale_end_at)
  where status = 'active';

alter table public.ticket_tiers enable row level security;
revoke all on table public.ticket_tiers from anon, authenticated, service_role;
grant select on table public.ticket_tiers to anon;
grant select, delete on table public.ticket_tiers to authenticated;
grant insert (
  id, event_id, name, description, price_cents, currency, quantity, max_per_order, sale_start_at,
  sale_end_at, status, "position"
) on table public.ticket_tiers to authenticated;
grant update (
  name, description, price_cents, currency, quantity, max_per_order, sale_start_at, sale_end_at,
  status, "position"
) on table public.ticket_tiers to authenticated;
grant select, insert, update, delete on table public.ticket_tiers to service_role;

create policy "visitors read tiers of published public events"
  on public.ticket_tiers for select to anon
  using (
    status <> 'draft'
    and exists (
      select 1
      from public.events as e
      where e.id = ticket_tiers.event_id
        and e.status = 'published'
        and e.visibility = 'public'
    )
  );

create policy "people read tiers of published public events and their own"
  on public.ticket_tiers for select to authenticated
  using (
    event_id = any (array(select private.organized_event_ids()))
    or (
      status <> 'draft'
      and exists (
        select 1
        from public.events as e
        where e.id = ticket_tiers.event_id
          and e.status = 'published'
          and e.visibility = 'public'
      )
    )
  );

create policy "organizers add tiers to their events"
  on public.ticket_tiers for insert to authenticated
  with check (event_id = any (array(select private.organized_event_ids())));

create policy "organizers change tiers of their events"
  on public.ticket_tiers for update to authenticated
  using (event_id = any (array(select private.organized_event_ids())))
  with check (event_id = any (array(select private.organized_event_ids())));

create policy "organizers remove tiers that sold nothing"
  on public.ticket_tiers for delete to authenticated
  using (sold = 0 and event_id = any (array(select private.organized_event_ids())));

create function private.set_ticket_tier_status()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.sold >= new.quantity then
    new.status = 'sold_out';
  elsif new.status = 'sold_out' then
    new.status = 'active';
  end if;
  return new;
end;
$$;

comment on function private.set_ticket_tier_status() is
  'Before each write of a tier: sold_out exactly while nothing is left, active again when something is.';

revoke execute on function private.set_ticket_tier_status() from public;

create trigger ticket_tiers_set_status
  before insert or update on public.ticket_tiers
  for each row execute function private.set_ticket_tier_status();

create trigger ticket_tiers_set_updated_at
  before update on public.ticket_tiers
  for each row execute function public.set_updated_at();

create function public.sell_tickets(tier_id uuid, amount integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  remaining integer;
begin
  if amount is null or amount < 1 then
    raise invalid_parameter_value using message = 'the number of tickets to sell must be at least 1';
  end if;

  update public.ticket_tiers as t
  set sold = t.sold + amount
  where t.id = sell_tickets.tier_id
    and t.status = 'active'
    and t.quantity - t.sold >= amount
    and t.max_per_order >= amount
    and (t.sale_start_at is null or t.sale_start_at <= now())
    and (t.sale_end_at is null or t.sale_end_at > now())
    and exists (
      select 1
      from public.events as e
      where e.id = t.event_id and e.status = 'published' and e.end_at > now()
    )
  returning t.available into remaining;

  if remaining is null then
    raise sqlstate 'PT409' using
      message = format('%s tickets of tier %s are not for sale', amount, sell_tickets.tier_id),
      detail = coalesce(
        (
          select format(
            'tier %s, %s available, at most %s an order, on sale from %s to %s; event %s until %s',
            t.status, t.available, t.max_per_order, coalesce(t.sale_start_at::text, 'now'),
            coalesce(t.sale_end_at::text, 'the end'), e.status, e.end_at
          )
          from public.ticket_tiers as t
          join public.events as e on e.id = t.event_id
          where t.id = sell_tickets.tier_id
        ),
        'there is no such tier'
      );
  end if;

  return remaining;
end;
$$;

comment on function public.sell_tickets(uuid, integer) is
  'Takes tickets out of a tier when they are on sale, enough are left and the event is published and not over, and raises PT409 otherwise. Atomic under concurrent sales. For servers. Returns what is left.';

create function public.release_tickets(tier_id uuid, amount integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  remaining integer;
begin
  if amount is null or amount < 1 then
    raise invalid_parameter_value using message = 'the number of tickets to release must be at least 1';
  end if;

  update public.ticket_tiers as t
  set sold = t.sold - amount
  where t.id = release_tickets.tier_id and t.sold >= amount
  returning t.available into remaining;

  if remaining is null then
    raise sqlstate 'PT409' using
      message = format('tier %s has not sold %s tickets', release_tickets.tier_id, amount);
  end if;

  return remaining;
end;
$$;

comment on function public.release_tickets(uuid, integer) is
  'Gives tickets back to a tier after a refund or an unpaid order; raises PT409 when it never sold so many. For servers. Returns what is left.';

revoke execute on function public.sell_tickets(uuid, integer) from public, anon, authenticated;
revoke execute on function public.release_tickets(uuid, integer) from public, anon, authenticated;
grant execute on function public.sell_tickets(uuid, integer) to service_role;
grant execute on function public.release_tickets(uuid, integer) to service_role;
