-- venue_bookings
--
-- Purpose:  bookings of venues: who wants which venue when, what it costs, what the owner says.
-- Objects:  extension btree_gist; table public.venue_bookings with an exclusion constraint;
--           functions private.price_venue_booking, private.guard_venue_booking,
--           private.venue_is_free, public.venue_is_free.
-- Locks:    share row exclusive on public.venues, public.events and public.profiles while the
--           foreign keys are added (an instant: the new table is empty).
-- Rollback: rollback/20251017080300_venue_bookings.sql (drops the bookings and the extension).
-- Requires: 20251013060000 (profiles, venues, events, private.organized_event_ids,
--           private.owned_venue_ids, public.set_updated_at); btree_gist available.
--
-- A booking is requested by the booker and confirmed, declined or cancelled by the owner; the booker
-- may cancel too. Of two confirmed bookings of one venue no two moments overlap: the exclusion
-- constraint refuses the second (23P01), also when both are confirmed at the same time. The error
-- code PT409 makes PostgREST answer 409 Conflict instead of 500.

create extension if not exists btree_gist with schema extensions;

create table public.venue_bookings (
  id uuid primary key default gen_random_uuid(),
  venue_id uuid not null references public.venues (id) on delete no action,
  event_id uuid references public.events (id) on delete set null,
  booker_id uuid not null references public.profiles (id) on delete no action,
  start_at timestamptz not null,
  end_at timestamptz not null,
  guest_count integer not null
    constraint venue_bookings_guest_count_positive check (guest_count > 0),
  notes text not null default ''
    constraint venue_bookings_notes_length check (char_length(notes) <= 4000),
  status text not null default 'requested'
    constraint venue_bookings_status_known
    check (status in ('requested', 'confirmed', 'declined', 'cancelled')),
  hourly_rate_cents bigint not null
    constraint venue_bookings_hourly_rate_not_negative check (hourly_rate_cents >= 0),
  rental_cents bigint not null
    constraint venue_bookings_rental_not_negative check (rental_cents >= 0),
  cleaning_fee_cents bigint not null default 0
    constraint venue_bookings_cleaning_fee_not_negative check (cleaning_fee_cents >= 0),
  service_fee_cents bigint not null default 0
    constraint venue_bookings_service_fee_not_negative check (service_fee_cents >= 0),
  discount_cents bigint not null default 0
    constraint venue_bookings_discount_not_negative check (discount_cents >= 0),
  tax_cents bigint not null default 0
    constraint venue_bookings_tax_not_negative check (tax_cents >= 0),
  total_cents bigint not null generated always as (
    rental_cents + cleaning_fee_cents + service_fee_cents - discount_cents + tax_cents
  ) stored
    constraint venue_bookings_total_not_negative check (total_cents >= 0),
  currency text not null
    constraint venue_bookings_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint venue_bookings_start_before_end check (start_at < end_at),
  constraint venue_bookings_confirmed_do_not_overlap exclude using gist (
    venue_id with =,
    tstzrange(start_at, end_at, '[)') with &&
  ) where (status = 'confirmed')
);

comment on table public.venue_bookings is
  'Bookings of venues. Booker and venue owner see them; nobody else does.';
comment on column public.venue_bookings.event_id is 'The event it is for, where there is one already.';
comment on column public.venue_bookings.hourly_rate_cents is
  'The venue''s rate when the booking was requested: a later change of the rate leaves it alone.';
comment on column public.venue_bookings.rental_cents is
  'Rate times begun hours, computed by trigger.';
comment on column public.venue_bookings.cleaning_fee_cents is
  'Set by the server, as are service fee and tax; the owner may only grant a discount.';
comment on column public.venue_bookings.total_cents is
  'Rental + cleaning fee + service fee - discount + tax.';
comment on constraint venue_bookings_confirmed_do_not_overlap on public.venue_bookings is
  'Half-open ranges: a booking may begin at the moment another one ends.';

create index venue_bookings_venue_id_start_at_idx on public.venue_bookings (venue_id, start_at);
create index venue_bookings_event_id_idx on public.venue_bookings (event_id);
create index venue_bookings_booker_id_idx on public.venue_bookings (booker_id);
create index venue_bookings_requested_created_at_idx on public.venue_bookings (created_at)
  where status = 'requested';

alter table public.venue_bookings enable row level security;
revoke all on table public.venue_bookings from anon, authenticated, service_role;
grant select on table public.venue_bookings to authenticated;
grant insert (id, venue_id, event_id, booker_id, start_at, end_at, guest_count, notes)
  on table public.venue_bookings to authenticated;
grant update (start_at, end_at, guest_count, notes, status, discount_cents)
  on table public.venue_bookings to authenticated;
grant select, insert, update, delete on table public.venue_bookings to service_role;

create policy "bookers and venue owners read their bookings"
  on public.venue_bookings for select to authenticated
  using (
    booker_id = (select auth.uid())
    or venue_id = any (array(select private.owned_venue_ids()))
  );

create policy "people request bookings of active venues"
  on public.venue_bookings for insert to authenticated
  with check (
    booker_id = (select auth.uid())
    and status = 'requested'
    and (event_id is null or event_id = any (array(select private.organized_event_ids())))
    and exists (
      select 1
      from public.venues as v
      where v.id = venue_bookings.venue_id and v.status = 'active'
    )
  );

create policy "bookers and venue owners change their bookings"
  on public.venue_bookings for update to authenticated
  using (
    booker_id = (select auth.uid())
    or venue_id = any (array(select private.owned_venue_ids()))
  )
  with check (
    booker_id = (select auth.uid())
    or venue_id = any (array(select private.owned_venue_ids()))
  );

create function private.price_venue_booking()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  venue public.venues;
begin
  select v.* into venue from public.venues as v where v.id = new.venue_id;

  if tg_op = 'INSERT' then
    new.hourly_rate_cents = coalesce(new.hourly_rate_cents, venue.hourly_rate_cents);
    new.currency = coalesce(new.currency, venue.currency);
  end if;

  if new.guest_count > venue.capacity then
    raise check_violation using
      message = format('%s guests do not fit: the venue holds %s', new.guest_count, venue.capacity);
  end if;

  new.rental_cents =
    new.hourly_rate_cents * ceil(extract(epoch from new.end_at - new.start_at) / 3600)::bigint;
  return new;
end;
$$;

comment on function private.price_venue_booking() is
  'Before a booking is requested or moved: the venue''s rate, rental for begun hours, and room for the guests.';

create function private.guard_venue_booking()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  is_booker constant boolean := old.booker_id is not distinct from auth.uid();
  is_owner constant boolean := exists (
    select 1 from public.venues as v where v.id = old.venue_id and v.owner_id = auth.uid()
  );
  moved constant boolean := (new.start_at, new.end_at, new.guest_count, new.notes)
    is distinct from (old.start_at, old.end_at, old.guest_count, old.notes);
  is_server constant boolean := not row_security_active('public.venue_bookings');
begin
  if new.status <> old.status
    and (old.status, new.status) not in (
      ('requested', 'confirmed'), ('requested', 'declined'), ('requested', 'cancelled'),
      ('confirmed', 'cancelled')
    )
  then
    raise sqlstate 'PT409' using
      message = format('a booking that is %s cannot become %s', old.status, new.status);
  end if;

  if is_server then
    return new;
  end if;

  if (moved or new.discount_cents <> old.discount_cents) and old.status <> 'requested' then
    raise sqlstate 'PT409' using
      message = format('a booking that is %s cannot be changed', old.status),
      hint = 'Cancel it and request another.';
  end if;

  if moved and not is_booker then
    raise insufficient_privilege using message = 'only the booker moves a booking';
  end if;

  if new.discount_cents <> old.discount_cents and not is_owner then
    raise insufficient_privilege using message = 'only the venue''s owner grants a discount';
  end if;

  if new.status <> old.status and new.status in ('confirmed', 'declined') and not is_owner then
    raise insufficient_privilege using
      message = 'only the venue''s owner confirms or declines a booking';
  end if;

  -- An owner must not be made to confirm what the booker changes in the same breath.
  if moved and new.status <> old.status then
    raise sqlstate 'PT409' using
      message = 'a booking is either moved or decided, not both at once';
  end if;

  return new;
end;
$$;

comment on function private.guard_venue_booking() is
  'Before update of a booking: which states may follow which, and which party may change what.';

revoke execute on function private.price_venue_booking() from public;
revoke execute on function private.guard_venue_booking() from public;

-- Triggers of one kind fire by name: guard before price, so that a refused change is priced by none.
create trigger venue_bookings_guard
  before update on public.venue_bookings
  for each row execute function private.guard_venue_booking();

create trigger venue_bookings_price
  before insert or update of start_at, end_at, guest_count on public.venue_bookings
  for each row execute function private.price_venue_booking();

create trigger venue_bookings_set_updated_at
  before update on public.venue_bookings
  for each row execute function public.set_updated_at();

create function private.venue_is_free(venue_id uuid, start_at timestamptz, end_at timestamptz)
returns boolean
language sql
stable
strict
security definer
set search_path = ''
as $$
  select not exists (
    select 1
    from public.venue_bookings as b
    where b.venue_id = venue_is_free.venue_id
      and b.status = 'confirmed'
      and tstzrange(b.start_at, b.end_at, '[)')
        && tstzrange(venue_is_free.start_at, venue_is_free.end_at, '[)')
  );
$$;

comment on function private.venue_is_free(uuid, timestamptz, timestamptz) is
  'Whether no confirmed booking touches the range. Definer: it tells free or taken about bookings that the caller may not see.';

revoke execute on function private.venue_is_free(uuid, timestamptz, timestamptz) from public;
grant execute on function private.venue_is_free(uuid, timestamptz, timestamptz)
  to authenticated, service_role;

-- Answers only for venues that the caller sees.
create function public.venue_is_free(venue_id uuid, start_at timestamptz, end_at timestamptz)
returns boolean
language sql
stable
strict
set search_path = ''
return (
  select private.venue_is_free(v.id, venue_is_free.start_at, venue_is_free.end_at)
  from public.venues as v
  where v.id = venue_is_free.venue_id
);

comment on function public.venue_is_free(uuid, timestamptz, timestamptz) is
  'For the wizard''s venue selection: true when the venue has no confirmed booking in the range, null when the caller does not see the venue. Tells nothing of who booked.';

revoke execute on function public.venue_is_free(uuid, timestamptz, timestamptz) from public, anon;
grant execute on function public.venue_is_free(uuid, timestamptz, timestamptz)
  to authenticated, service_role;
