-- sponsors_core
--
-- Purpose:  the companies an organizer wants to win, one row per company and organizer, with an
--           embedding of the profile so that an agent can ask "who else is like this sponsor?".
-- Objects:  extension vector (pgvector 0.8 or later, for iterative scans); table public.sponsors;
--           functions private.forget_stale_sponsor_embedding(), public.match_sponsors(...).
-- Locks:    share row exclusive on public.profiles until the transaction ends (the foreign key):
--           sign-ups wait for that long. Nothing existing is scanned or rewritten.
-- Rollback: rollback/20251017090000_sponsors_core.sql (drops the sponsors and the extension).
-- Requires: 20251013060000_core_eventos_schema_production (profiles, set_updated_at(), private).
--
-- Tenancy, here and in the six migrations that follow: the organizer is the tenant. Every table
-- carries owner_id, and every policy compares it with (select auth.uid()); a policy that looks at
-- no other table cannot recurse and costs one index lookup. A child points at its parent through
-- (owner_id, parent_id), so that not even service_role, which bypasses row-level security, can tie
-- one tenant's row to another's. Visitors (anon) have no business here and hold no right at all.
--
-- GIN and full text: @> and @@ are not leakproof, so under a policy PostgreSQL reads the tenant's
-- rows by owner_id first and filters them; the GIN indexes serve service_role, which the agents
-- run as. HNSW orders instead of filtering and serves both.

create extension if not exists vector with schema extensions;

create table public.sponsors (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete restrict,
  company_name text not null,
  website text,
  industry text not null default 'other',
  company_size text,
  country_code text,
  description text,
  contact_name text,
  contact_email text,
  contact_phone text,
  budget_min_cents bigint,
  budget_max_cents bigint,
  currency text not null default 'USD',
  tags text[] not null default '{}',
  profile jsonb not null default '{}',
  status text not null default 'prospect',
  embedding extensions.vector(1536),
  embedding_model text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sponsors_owner_id_id_key unique (owner_id, id),
  constraint sponsors_company_name_check check (length(btrim(company_name)) between 1 and 200),
  constraint sponsors_website_check check (website ~* '^https?://[^[:space:]]+$'),
  constraint sponsors_industry_check check (
    industry in (
      'technology', 'finance', 'fashion', 'food_beverage', 'health', 'hospitality', 'media',
      'retail', 'automotive', 'education', 'energy', 'public_sector', 'nonprofit', 'other'
    )
  ),
  constraint sponsors_company_size_check check (
    company_size in ('1-10', '11-50', '51-200', '201-1000', '1001+')
  ),
  constraint sponsors_country_code_check check (country_code ~ '^[A-Z]{2}$'),
  constraint sponsors_contact_email_check check (
    contact_email ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$'
  ),
  constraint sponsors_budget_check check (
    budget_min_cents >= 0 and budget_max_cents >= coalesce(budget_min_cents, 0)
  ),
  constraint sponsors_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint sponsors_tags_check check (
    cardinality(tags) <= 50 and array_position(tags, null) is null
  ),
  constraint sponsors_profile_check check (jsonb_typeof(profile) = 'object'),
  constraint sponsors_status_check check (status in ('prospect', 'active', 'inactive', 'blocked')),
  constraint sponsors_embedding_model_check check ((embedding is null) = (embedding_model is null))
);

comment on table public.sponsors is
  'A company that sponsors, or might sponsor, the events of one organizer (owner_id).';
comment on column public.sponsors.owner_id is 'The organizer whose sponsor this is: the tenant. Who still has sponsors cannot be deleted.';
comment on column public.sponsors.profile is
  'What is known beyond the columns: audience, social links, past sponsorships. An object.';
comment on column public.sponsors.embedding is
  'Embedding of name, industry, description and tags; null until computed, and again once those change.';
comment on column public.sponsors.embedding_model is
  'The model that made the embedding. Vectors of different models do not compare.';

-- Also the lookup behind every policy (owner_id leads) and behind the foreign key to profiles.
create unique index sponsors_owner_id_company_name_key
  on public.sponsors (owner_id, lower(company_name));
create index sponsors_owner_id_industry_open_idx
  on public.sponsors (owner_id, industry) where status in ('prospect', 'active');
create index sponsors_tags_idx on public.sponsors using gin (tags);
create index sponsors_profile_idx on public.sponsors using gin (profile jsonb_path_ops);
create index sponsors_embedding_idx
  on public.sponsors using hnsw (embedding extensions.vector_cosine_ops);

create trigger sponsors_set_updated_at
  before update on public.sponsors
  for each row execute function public.set_updated_at();

create function private.forget_stale_sponsor_embedding()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.embedding := null;
  new.embedding_model := null;
  return new;
end;
$$;

comment on function private.forget_stale_sponsor_embedding() is
  'Clears a sponsor''s embedding when the text it was made from changes and no new one came with it.';

revoke execute on function private.forget_stale_sponsor_embedding() from public;

create trigger sponsors_forget_stale_embedding
  before update of company_name, industry, description, tags on public.sponsors
  for each row
  when (
    (old.company_name, old.industry, old.description, old.tags)
      is distinct from (new.company_name, new.industry, new.description, new.tags)
    and (new.embedding is null or new.embedding operator(extensions.=) old.embedding)
  )
  execute function private.forget_stale_sponsor_embedding();

alter table public.sponsors enable row level security;
revoke all on table public.sponsors from anon, authenticated, service_role;
grant select, insert, update, delete on table public.sponsors to authenticated, service_role;

create policy "organizers read their own sponsors"
  on public.sponsors for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "organizers add sponsors of their own"
  on public.sponsors for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "organizers change their own sponsors"
  on public.sponsors for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "organizers delete their own sponsors"
  on public.sponsors for delete to authenticated
  using (owner_id = (select auth.uid()));

-- The tenant is a predicate of its own, not only a policy: service_role bypasses the policies, and
-- must not be handed other tenants' sponsors because it forgot a filter. The iterative scan goes on
-- until enough rows pass the filters; a plain HNSW scan would return too few. It is set in the body
-- and put back, because a SET clause on the function could not be restored from a dump by a role
-- that is no superuser, before the extension is loaded.
create function public.match_sponsors(
  query_embedding extensions.vector,
  match_count integer default 10,
  min_similarity double precision default 0,
  with_industry text default null,
  with_tags text[] default null,
  for_owner uuid default null
)
returns table (
  id uuid,
  company_name text,
  industry text,
  tags text[],
  similarity double precision
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  iterative_scan constant text := current_setting('hnsw.iterative_scan', true);
begin
  perform set_config('hnsw.iterative_scan', 'strict_order', true);
  return query
    select nearest.id, nearest.company_name, nearest.industry, nearest.tags, nearest.similarity
    from (
      select
        s.id,
        s.company_name,
        s.industry,
        s.tags,
        1 - (s.embedding operator(extensions.<=>) query_embedding) as similarity
      from public.sponsors as s
      where s.owner_id = coalesce(for_owner, (select auth.uid()))
        and s.status <> 'blocked'
        and s.embedding is not null
        and (with_industry is null or s.industry = with_industry)
        and (with_tags is null or s.tags && with_tags)
      order by s.embedding operator(extensions.<=>) query_embedding
      limit least(greatest(match_count, 1), 100)
    ) as nearest
    where nearest.similarity >= min_similarity
    order by nearest.similarity desc, nearest.id;
  perform set_config('hnsw.iterative_scan', coalesce(nullif(iterative_scan, ''), 'off'), true);
end;
$$;

comment on function public.match_sponsors(
  extensions.vector, integer, double precision, text, text[], uuid
) is
  'The sponsors of one organizer nearest to an embedding (cosine), best first, at most 100. '
  'for_owner defaults to the caller; without either nothing is found. Row-level security applies.';

revoke execute on function public.match_sponsors(
  extensions.vector, integer, double precision, text, text[], uuid
) from public, anon, authenticated, service_role;
grant execute on function public.match_sponsors(
  extensions.vector, integer, double precision, text, text[], uuid
) to authenticated, service_role;
