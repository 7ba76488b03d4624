-- core_eventos_schema_production
--
-- Purpose:  the tables that EventOS stands on: people, venues, events, orders, attendees, tickets.
-- Objects:  schema private (functions that policies call, never exposed through the API);
--           tables public.profiles, venues, events, orders, attendees, tickets;
--           view public.event_stats; trigger on auth.users that gives every user a profile.
-- Locks:    share row exclusive on auth.users while the key and the trigger are added: sign-ups
--           wait for the length of this transaction. Everything else is new.
-- Rollback: rollback/20251013060000_core_eventos_schema_production.sql (drops all data of EventOS).
-- Requires: Supabase's roles, its auth schema (auth.users, auth.uid()), PostgreSQL 15 or later.
--
-- Who may do what:
--   anon           reads published public events and active venues, nothing else
--   authenticated  reads those too; owns profile, venues and events; buys; never sets a price,
--                  a payment state or a ticket code
--   service_role   bypasses row-level security; takes payments, issues tickets
--
-- Supabase's default privileges hand every new table to the API roles. Each table below takes
-- them back first and then grants exactly what its policies serve.

-- ---------------------------------------------------------------------------------------------
-- Schema private
-- ---------------------------------------------------------------------------------------------

create schema private;

comment on schema private is
  'Functions that policies, triggers and generated columns call. Not exposed through the API: no API role holds usage.';

create function private.slugify(value text)
returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select trim(both '-' from regexp_replace(
    translate(lower(value), 'áàâäãåéèêëíìîïóòôöõúùûüñçý', 'aaaaaaeeeeiiiiooooouuuuncy'),
    '[^a-z0-9]+', '-', 'g'
  ));
$$;

comment on function private.slugify(text) is
  'Turns a title into the words of a URL: lower case, Latin accents folded, all else a hyphen. Immutable, for generated columns.';

revoke execute on function private.slugify(text) from public;
grant execute on function private.slugify(text) to authenticated, service_role;

create function public.set_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at = now();
  return new;
end;
$$;

comment on function public.set_updated_at() is
  'Shared before-update trigger: stamps updated_at with the time of the transaction.';

revoke execute on function public.set_updated_at() from public, anon, authenticated, service_role;

-- ---------------------------------------------------------------------------------------------
-- Profiles: one to one with auth.users
-- ---------------------------------------------------------------------------------------------

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  display_name text not null
    constraint profiles_display_name_length check (char_length(display_name) between 1 and 120),
  avatar_url text
    constraint profiles_avatar_url_is_https check (avatar_url ~ '^https://'),
  phone text
    constraint profiles_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  locale text not null default 'en'
    constraint profiles_locale_form check (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

comment on table public.profiles is
  'What EventOS knows of a person beyond auth.users; exactly one row a user, made and removed with the user.';
comment on column public.profiles.id is 'The user; the same key as auth.users.id.';
comment on column public.profiles.phone is 'E.164, the form that WhatsApp and carriers take.';

alter table public.profiles enable row level security;
revoke all on table public.profiles from anon, authenticated, service_role;
grant select on table public.profiles to authenticated;
grant update (display_name, avatar_url, phone, locale) on table public.profiles to authenticated;
grant select, insert, update, delete on table public.profiles to service_role;

create policy "people read their own profile"
  on public.profiles for select to authenticated
  using (id = (select auth.uid()));

create policy "people change their own profile"
  on public.profiles for update to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

create trigger profiles_set_updated_at
  before update on public.profiles
  for each row execute function public.set_updated_at();

create function private.create_profile()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.profiles (id, display_name, created_at, updated_at)
  values (
    new.id,
    left(coalesce(
      nullif(trim(new.raw_user_meta_data ->> 'full_name'), ''),
      nullif(split_part(new.email, '@', 1), ''),
      'Guest'
    ), 120),
    coalesce(new.created_at, now()),
    coalesce(new.created_at, now())
  );
  return new;
end;
$$;

comment on function private.create_profile() is
  'After insert on auth.users: the profile of the new user. Definer, because the auth service has no rights in public.';

revoke execute on function private.create_profile() from public;

create trigger on_auth_user_created
  after insert on auth.users
  for each row execute function private.create_profile();

-- Users who signed up before this migration.
insert into public.profiles (id, display_name, created_at, updated_at)
select
  u.id,
  left(coalesce(
    nullif(trim(u.raw_user_meta_data ->> 'full_name'), ''),
    nullif(split_part(u.email, '@', 1), ''),
    'Guest'
  ), 120),
  coalesce(u.created_at, now()),
  coalesce(u.created_at, now())
from auth.users as u;

-- ---------------------------------------------------------------------------------------------
-- Venues
-- ---------------------------------------------------------------------------------------------

create table public.venues (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete no action,
  name text not null
    constraint venues_name_length check (char_length(name) between 1 and 160),
  address text not null,
  city text not null,
  country text not null
    constraint venues_country_is_iso check (country ~ '^[A-Z]{2}$'),
  timezone text not null default 'UTC',
  capacity integer not null
    constraint venues_capacity_positive check (capacity > 0),
  hourly_rate_cents bigint not null default 0
    constraint venues_hourly_rate_not_negative check (hourly_rate_cents >= 0),
  currency text not null default 'USD'
    constraint venues_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  amenities text[] not null default '{}',
  status text not null default 'active'
    constraint venues_status_known check (status in ('active', 'inactive')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

comment on table public.venues is
  'Places where events happen. Active ones are listed for everyone; an owner keeps their own.';
comment on column public.venues.owner_id is
  'Whoever lists the venue; a person who still owns venues cannot be deleted.';
comment on column public.venues.country is 'ISO 3166-1 alpha-2.';
comment on column public.venues.amenities is 'Tags such as wifi, stage, step-free; searched with @> through a GIN index.';

create index venues_owner_id_idx on public.venues (owner_id);
create index venues_active_city_idx on public.venues (city) where status = 'active';
create index venues_amenities_idx on public.venues using gin (amenities);

alter table public.venues enable row level security;
revoke all on table public.venues from anon, authenticated, service_role;
grant select on table public.venues to anon;
grant select, delete on table public.venues to authenticated;
grant insert (
  id, owner_id, name, address, city, country, timezone, capacity, hourly_rate_cents, currency,
  amenities, status
) on table public.venues to authenticated;
grant update (
  name, address, city, country, timezone, capacity, hourly_rate_cents, currency, amenities, status
) on table public.venues to authenticated;
grant select, insert, update, delete on table public.venues to service_role;

create policy "visitors read active venues"
  on public.venues for select to anon
  using (status = 'active');

create policy "people read active venues and their own"
  on public.venues for select to authenticated
  using (status = 'active' or owner_id = (select auth.uid()));

create policy "people list venues of their own"
  on public.venues for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "owners change their venues"
  on public.venues for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "owners remove their venues"
  on public.venues for delete to authenticated
  using (owner_id = (select auth.uid()));

create trigger venues_set_updated_at
  before update on public.venues
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- Events and orders: the tables first, because their policies look at each other
-- ---------------------------------------------------------------------------------------------

create table public.events (
  id uuid primary key default gen_random_uuid(),
  organizer_id uuid not null references public.profiles (id) on delete no action,
  venue_id uuid references public.venues (id) on delete no action,
  title text not null
    constraint events_title_length check (char_length(title) between 1 and 200),
  slug text not null
    generated always as (
      coalesce(nullif(private.slugify(title), ''), 'event') || '-' || left(id::text, 8)
    ) stored,
  description text not null default '',
  status text not null default 'draft'
    constraint events_status_known check (status in ('draft', 'published', 'cancelled', 'completed')),
  visibility text not null default 'public'
    constraint events_visibility_known check (visibility in ('public', 'private')),
  start_at timestamptz not null,
  end_at timestamptz not null,
  timezone text not null default 'UTC',
  capacity integer not null
    constraint events_capacity_positive check (capacity > 0),
  price_cents bigint not null default 0
    constraint events_price_not_negative check (price_cents >= 0),
  currency text not null default 'USD'
    constraint events_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint events_slug_key unique (slug),
  constraint events_start_before_end check (start_at < end_at)
);

comment on table public.events is
  'What organizers plan and people attend. The world sees it once it is published and public.';
comment on column public.events.organizer_id is
  'Whoever runs the event; fixed at creation. A person who still has events cannot be deleted.';
comment on column public.events.venue_id is 'Null while the place is open, or for an event online.';
comment on column public.events.slug is
  'The address of the event''s page: the words of the title and the first eight digits of the id.';
comment on column public.events.price_cents is
  'What one place costs where no ticket tier says otherwise, in cents of currency.';

create index events_organizer_id_idx on public.events (organizer_id);
create index events_venue_id_idx on public.events (venue_id);
create index events_listed_start_at_idx on public.events (start_at)
  where status = 'published' and visibility = 'public';

create table public.orders (
  id uuid primary key default gen_random_uuid(),
  order_number text not null
    default 'EO-' || upper(right(replace(gen_random_uuid()::text, '-', ''), 12))
    constraint orders_order_number_form check (order_number ~ '^EO-[0-9A-Z-]{6,24}$'),
  event_id uuid not null references public.events (id) on delete no action,
  customer_id uuid references public.profiles (id) on delete set null,
  buyer_name text not null
    constraint orders_buyer_name_length check (char_length(buyer_name) between 1 and 160),
  buyer_email text not null
    constraint orders_buyer_email_form check (buyer_email ~ '^[^@\s]+@[^@\s]+$'),
  quantity integer not null
    constraint orders_quantity_in_range check (quantity between 1 and 100),
  unit_price_cents bigint not null
    constraint orders_unit_price_not_negative check (unit_price_cents >= 0),
  total_cents bigint not null generated always as (quantity * unit_price_cents) stored,
  currency text not null
    constraint orders_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  status text not null default 'pending'
    constraint orders_status_known check (status in ('pending', 'paid', 'cancelled', 'refunded')),
  paid_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint orders_order_number_key unique (order_number),
  constraint orders_id_event_id_key unique (id, event_id),
  constraint orders_paid_has_time check (status not in ('paid', 'refunded') or paid_at is not null)
);

comment on table public.orders is
  'Purchases. A customer opens one as pending at the event''s price; only the server moves it on.';
comment on column public.orders.order_number is 'The number that people read out; random, so that it tells nothing of sales.';
comment on column public.orders.customer_id is
  'Null for a guest, and after the account is gone: the books keep the order.';
comment on column public.orders.unit_price_cents is
  'Filled from the event unless the server states it; customers hold no right to set it.';
comment on constraint orders_id_event_id_key on public.orders is
  'The target of attendees'' composite key, which keeps an attendee in the event of the order.';

create index orders_event_id_idx on public.orders (event_id);
create index orders_customer_id_idx on public.orders (customer_id);
create index orders_pending_created_at_idx on public.orders (created_at) where status = 'pending';

-- The four functions below answer "whose?" for the policies. They are security definer so that a
-- policy on events can look at orders, and one on orders at events, without the two calling each
-- other for ever. Each returns only what belongs to the caller, so a direct call would tell nothing
-- new. Policies use them as `= any (array(select …))`: evaluated once a query, and indexable.

create function private.organized_event_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select e.id from public.events as e where e.organizer_id = (select auth.uid());
$$;

comment on function private.organized_event_ids() is
  'The events that the caller organizes. For policies.';

create function private.ordered_event_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select distinct o.event_id from public.orders as o where o.customer_id = (select auth.uid());
$$;

comment on function private.ordered_event_ids() is
  'The events that the caller has an order for. For policies.';

create function private.own_order_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select o.id from public.orders as o where o.customer_id = (select auth.uid());
$$;

comment on function private.own_order_ids() is
  'The orders that the caller placed. For policies.';

create function private.owned_venue_ids()
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  select v.id from public.venues as v where v.owner_id = (select auth.uid());
$$;

comment on function private.owned_venue_ids() is
  'The venues that the caller owns. For policies.';

revoke execute on function private.organized_event_ids() from public;
revoke execute on function private.ordered_event_ids() from public;
revoke execute on function private.own_order_ids() from public;
revoke execute on function private.owned_venue_ids() from public;
grant execute on function private.organized_event_ids() to authenticated;
grant execute on function private.ordered_event_ids() to authenticated;
grant execute on function private.own_order_ids() to authenticated;
grant execute on function private.owned_venue_ids() to authenticated;

alter table public.events enable row level security;
revoke all on table public.events from anon, authenticated, service_role;
grant select on table public.events to anon;
grant select, delete on table public.events to authenticated;
grant insert (
  id, organizer_id, venue_id, title, description, status, visibility, start_at, end_at, timezone,
  capacity, price_cents, currency
) on table public.events to authenticated;
grant update (
  venue_id, title, description, status, visibility, start_at, end_at, timezone, capacity,
  price_cents, currency
) on table public.events to authenticated;
grant select, insert, update, delete on table public.events to service_role;

create policy "visitors read published public events"
  on public.events for select to anon
  using (status = 'published' and visibility = 'public');

create policy "people read public events, their own, and those they ordered"
  on public.events for select to authenticated
  using (
    (status = 'published' and visibility = 'public')
    or organizer_id = (select auth.uid())
    or id = any (array(select private.ordered_event_ids()))
  );

create policy "people create events of their own"
  on public.events for insert to authenticated
  with check (organizer_id = (select auth.uid()));

create policy "organizers change their events"
  on public.events for update to authenticated
  using (organizer_id = (select auth.uid()))
  with check (organizer_id = (select auth.uid()));

create policy "organizers delete their drafts"
  on public.events for delete to authenticated
  using (organizer_id = (select auth.uid()) and status = 'draft');

create trigger events_set_updated_at
  before update on public.events
  for each row execute function public.set_updated_at();

alter table public.orders enable row level security;
revoke all on table public.orders from anon, authenticated, service_role;
grant select on table public.orders to authenticated;
grant insert (id, event_id, customer_id, buyer_name, buyer_email, quantity)
  on table public.orders to authenticated;
grant update (buyer_name, buyer_email) on table public.orders to authenticated;
grant select, insert, update, delete on table public.orders to service_role;

create policy "customers read their orders, organizers those of their events"
  on public.orders for select to authenticated
  using (
    customer_id = (select auth.uid())
    or event_id = any (array(select private.organized_event_ids()))
  );

create policy "customers order places at published public events"
  on public.orders for insert to authenticated
  with check (
    customer_id = (select auth.uid())
    and status = 'pending'
    and exists (
      select 1
      from public.events as e
      where e.id = orders.event_id
        and e.status = 'published'
        and e.visibility = 'public'
        and e.end_at > now()
    )
  );

create policy "customers correct the buyer of a pending order"
  on public.orders for update to authenticated
  using (customer_id = (select auth.uid()) and status = 'pending')
  with check (customer_id = (select auth.uid()) and status = 'pending');

create function private.price_order()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.unit_price_cents is null or new.currency is null then
    select coalesce(new.unit_price_cents, e.price_cents), coalesce(new.currency, e.currency)
    into new.unit_price_cents, new.currency
    from public.events as e
    where e.id = new.event_id;
  end if;
  return new;
end;
$$;

comment on function private.price_order() is
  'Before insert on orders: price and currency of the event, where the server stated none.';

revoke execute on function private.price_order() from public;

create trigger orders_price
  before insert on public.orders
  for each row execute function private.price_order();

create trigger orders_set_updated_at
  before update on public.orders
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- Attendees and tickets. Both carry the event's key, so that an organizer's list at the door needs
-- no join; composite foreign keys keep order, attendee and ticket in one and the same event.
-- ---------------------------------------------------------------------------------------------

create table public.attendees (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null,
  event_id uuid not null,
  full_name text not null
    constraint attendees_full_name_length check (char_length(full_name) between 1 and 160),
  email text
    constraint attendees_email_form check (email ~ '^[^@\s]+@[^@\s]+$'),
  phone text
    constraint attendees_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint attendees_id_order_id_event_id_key unique (id, order_id, event_id),
  constraint attendees_order_fkey foreign key (order_id, event_id)
    references public.orders (id, event_id) on delete cascade
);

comment on table public.attendees is
  'The people an order brings. The server adds them when it takes the order; the customer corrects their names.';
comment on column public.attendees.event_id is
  'The event of the order, kept equal to it by the composite foreign key.';
comment on constraint attendees_id_order_id_event_id_key on public.attendees is
  'The target of tickets'' composite key.';

create index attendees_order_id_event_id_idx on public.attendees (order_id, event_id);
create index attendees_event_id_idx on public.attendees (event_id);

alter table public.attendees enable row level security;
revoke all on table public.attendees from anon, authenticated, service_role;
grant select on table public.attendees to authenticated;
grant update (full_name, email, phone) on table public.attendees to authenticated;
grant select, insert, update, delete on table public.attendees to service_role;

create policy "customers and organizers read their attendees"
  on public.attendees for select to authenticated
  using (
    order_id = any (array(select private.own_order_ids()))
    or event_id = any (array(select private.organized_event_ids()))
  );

create policy "customers correct the attendees of their orders"
  on public.attendees for update to authenticated
  using (order_id = any (array(select private.own_order_ids())))
  with check (order_id = any (array(select private.own_order_ids())));

create trigger attendees_set_updated_at
  before update on public.attendees
  for each row execute function public.set_updated_at();

create table public.tickets (
  id uuid primary key default gen_random_uuid(),
  attendee_id uuid not null,
  order_id uuid not null,
  event_id uuid not null,
  code text not null default upper(replace(gen_random_uuid()::text, '-', ''))
    constraint tickets_code_form check (code ~ '^[0-9A-Z-]{12,40}$'),
  status text not null default 'valid'
    constraint tickets_status_known check (status in ('valid', 'used', 'void')),
  checked_in_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tickets_code_key unique (code),
  constraint tickets_attendee_fkey foreign key (attendee_id, order_id, event_id)
    references public.attendees (id, order_id, event_id) on delete cascade,
  constraint tickets_used_has_time check ((status = 'used') = (checked_in_at is not null))
);

comment on table public.tickets is
  'What opens the door: one live ticket an attendee, issued by the server, checked in by the organizer.';
comment on column public.tickets.code is 'Random, unique, printed as a QR code; 122 bits cannot be guessed.';
comment on column public.tickets.checked_in_at is 'Set exactly when the ticket is used.';

create index tickets_attendee_id_order_id_event_id_idx
  on public.tickets (attendee_id, order_id, event_id);
create index tickets_order_id_idx on public.tickets (order_id);
create index tickets_event_id_idx on public.tickets (event_id);
create unique index tickets_one_live_per_attendee_idx on public.tickets (attendee_id)
  where status <> 'void';

alter table public.tickets enable row level security;
revoke all on table public.tickets from anon, authenticated, service_role;
grant select on table public.tickets to authenticated;
grant update (status, checked_in_at) on table public.tickets to authenticated;
grant select, insert, update, delete on table public.tickets to service_role;

create policy "customers and organizers read their tickets"
  on public.tickets for select to authenticated
  using (
    order_id = any (array(select private.own_order_ids()))
    or event_id = any (array(select private.organized_event_ids()))
  );

create policy "organizers check in and void tickets of their events"
  on public.tickets for update to authenticated
  using (event_id = any (array(select private.organized_event_ids())))
  with check (event_id = any (array(select private.organized_event_ids())));

create trigger tickets_set_updated_at
  before update on public.tickets
  for each row execute function public.set_updated_at();

-- ---------------------------------------------------------------------------------------------
-- Sales at a glance
-- ---------------------------------------------------------------------------------------------

create view public.event_stats
with (security_invoker = true)
as
select
  e.id as event_id,
  e.title,
  e.status,
  e.capacity,
  s.sold,
  s.revenue_cents,
  e.currency,
  e.capacity - s.sold as remaining
from public.events as e
cross join lateral (
  select
    coalesce(sum(o.quantity), 0)::integer as sold,
    coalesce(sum(o.total_cents), 0)::bigint as revenue_cents
  from public.orders as o
  where o.event_id = e.id and o.status = 'paid'
) as s
where e.organizer_id = (select auth.uid())
  or not row_security_active('public.orders');

comment on view public.event_stats is
  'Places sold, revenue and places left, by event, from paid orders. An organizer sees their own events and a server all: whoever sees only some of the orders would read a wrong sum, so they get no row.';

revoke all on table public.event_stats from anon, authenticated, service_role;
grant select on table public.event_stats to authenticated, service_role;
