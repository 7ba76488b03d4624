-- marketing_infrastructure
--
-- Purpose:  what organizers send to fill an event: e-mail templates, campaigns, WhatsApp campaigns.
-- Objects:  tables public.email_templates, public.marketing_campaigns, public.whatsapp_campaigns;
--           functions private.template_variables, private.fill_template,
--           public.render_email_template, public.record_campaign_progress,
--           public.record_whatsapp_progress.
-- Locks:    share row exclusive on public.profiles and public.events while the foreign keys are
--           added (an instant: the new tables are empty). Nothing existing is changed.
-- Rollback: rollback/20251017080200_marketing_infrastructure.sql (drops templates and campaigns).
-- Requires: 20251013060000 (profiles, events, private.organized_event_ids, public.set_updated_at).
--
-- Organizers plan: they write drafts, schedule and cancel. The server sends: only it moves a
-- campaign on from scheduled, and only it writes the counters. The error code PT409 makes PostgREST
-- answer 409 Conflict instead of 500.

create function private.template_variables(template text)
returns text[]
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select coalesce(array_agg(distinct m.found[1] order by m.found[1]), '{}')
  from regexp_matches(template, '\{\{\s*([a-z][a-z0-9_]*)\s*\}\}', 'g') as m (found);
$$;

comment on function private.template_variables(text) is
  'The names between double braces in a template. Immutable, for a CHECK.';

create function private.fill_template(template text, given jsonb, as_html boolean)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  placeholder constant text := '\{\{\s*([a-z][a-z0-9_]*)\s*\}\}';
  missing text;
begin
  select string_agg(distinct m.found[1], ', ')
  into missing
  from regexp_matches(template, placeholder, 'g') as m (found)
  where given ->> m.found[1] is null;

  if missing is not null then
    raise invalid_parameter_value using
      message = format('the template''s variables have no value: %s', missing);
  end if;

  -- One pass over the text, so that a value that itself holds braces is not filled again.
  return (
    select string_agg(
      p.part || coalesce(
        case
          when as_html then replace(replace(replace(replace(replace(
            given ->> v.found[1],
            '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;')
          else given ->> v.found[1]
        end, ''
      ), '' order by p.n
    )
    from regexp_split_to_table(template, placeholder) with ordinality as p (part, n)
    left join regexp_matches(template, placeholder, 'g') with ordinality as v (found, n)
      on v.n = p.n
  );
end;
$$;

comment on function private.fill_template(text, jsonb, boolean) is
  'A template with its variables filled in, escaped for HTML on demand; raises 22023 when a value is missing.';

revoke execute on function private.template_variables(text) from public;
revoke execute on function private.fill_template(text, jsonb, boolean) from public;
grant execute on function private.template_variables(text) to authenticated, service_role;
grant execute on function private.fill_template(text, jsonb, boolean) to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------
-- E-mail templates: an organizer's, used again from event to event
-- ---------------------------------------------------------------------------------------------

create table public.email_templates (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references public.profiles (id) on delete cascade,
  name text not null
    constraint email_templates_name_length check (char_length(name) between 1 and 120),
  subject text not null
    constraint email_templates_subject_one_line check (
      char_length(subject) between 1 and 250 and subject !~ '[\r\n]'
    ),
  body_html text not null
    constraint email_templates_body_html_size check (octet_length(body_html) between 1 and 262144),
  variables text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint email_templates_owner_id_name_key unique (owner_id, name),
  constraint email_templates_variables_declared check (
    private.template_variables(subject || ' ' || body_html) <@ variables
  )
);

comment on table public.email_templates is
  'E-mails with variables in double braces. Each belongs to one organizer and only they see it.';
comment on column public.email_templates.variables is
  'The variables a sender must supply; every name used in subject or body must be among them.';

create index email_templates_variables_idx on public.email_templates using gin (variables);

alter table public.email_templates enable row level security;
revoke all on table public.email_templates from anon, authenticated, service_role;
grant select, delete on table public.email_templates to authenticated;
grant insert (id, owner_id, name, subject, body_html, variables)
  on table public.email_templates to authenticated;
grant update (name, subject, body_html, variables)
  on table public.email_templates to authenticated;
grant select, insert, update, delete on table public.email_templates to service_role;

create policy "owners read their templates"
  on public.email_templates for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "people write templates of their own"
  on public.email_templates for insert to authenticated
  with check (owner_id = (select auth.uid()));

create policy "owners change their templates"
  on public.email_templates for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "owners delete their templates"
  on public.email_templates for delete to authenticated
  using (owner_id = (select auth.uid()));

create trigger email_templates_set_updated_at
  before update on public.email_templates
  for each row execute function public.set_updated_at();

create function public.render_email_template(template_id uuid, given jsonb)
returns jsonb
language sql
stable
set search_path = ''
return (
  select jsonb_build_object(
    'subject',
    regexp_replace(private.fill_template(t.subject, given, false), '[\r\n]+', ' ', 'g'),
    'body_html', private.fill_template(t.body_html, given, true)
  )
  from public.email_templates as t
  where t.id = template_id
);

comment on function public.render_email_template(uuid, jsonb) is
  'Subject and HTML body of a template with the given values; null when the caller cannot see the template. Values are escaped in the body, and the subject stays one line.';

revoke execute on function public.render_email_template(uuid, jsonb) from public, anon;
grant execute on function public.render_email_template(uuid, jsonb) to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------
-- Campaigns
-- ---------------------------------------------------------------------------------------------

create table public.marketing_campaigns (
  id uuid primary key default gen_random_uuid(),
  event_id uuid not null references public.events (id) on delete cascade,
  email_template_id uuid references public.email_templates (id) on delete no action,
  name text not null
    constraint marketing_campaigns_name_length check (char_length(name) between 1 and 160),
  channel text not null
    constraint marketing_campaigns_channel_known check (channel in ('email', 'whatsapp', 'social')),
  audience jsonb not null default '{}'
    constraint marketing_campaigns_audience_is_object check (jsonb_typeof(audience) = 'object'),
  budget_cents bigint not null default 0
    constraint marketing_campaigns_budget_not_negative check (budget_cents >= 0),
  currency text not null default 'USD'
    constraint marketing_campaigns_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  status text not null default 'draft'
    constraint marketing_campaigns_status_known
    check (status in ('draft', 'scheduled', 'sending', 'sent', 'cancelled')),
  scheduled_at timestamptz,
  recipient_count integer not null default 0
    constraint marketing_campaigns_recipient_count_not_negative check (recipient_count >= 0),
  sent_count integer not null default 0
    constraint marketing_campaigns_sent_count_not_negative check (sent_count >= 0),
  delivered_count integer not null default 0
    constraint marketing_campaigns_delivered_count_not_negative check (delivered_count >= 0),
  opened_count integer not null default 0
    constraint marketing_campaigns_opened_count_not_negative check (opened_count >= 0),
  clicked_count integer not null default 0
    constraint marketing_campaigns_clicked_count_not_negative check (clicked_count >= 0),
  failed_count integer not null default 0
    constraint marketing_campaigns_failed_count_not_negative check (failed_count >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint marketing_campaigns_id_event_id_key unique (id, event_id),
  constraint marketing_campaigns_scheduled_has_time
    check (status in ('draft', 'cancelled') or scheduled_at is not null),
  constraint marketing_campaigns_email_has_template
    check (channel <> 'email' or status in ('draft', 'cancelled') or email_template_id is not null),
  constraint marketing_campaigns_sent_within_recipients
    check (sent_count + failed_count <= recipient_count)
);

comment on table public.marketing_campaigns is
  'One effort to fill one event, through one channel. Organizers plan it, the server runs it.';
comment on column public.marketing_campaigns.audience is
  'Whom to address, as conditions such as {"city": "Lisbon"}; searched with @> through a GIN index.';
comment on column public.marketing_campaigns.sent_count is
  'This and the other counters are moved only by public.record_campaign_progress.';
comment on column public.marketing_campaigns.delivered_count is
  'Not held below sent_count: providers report in any order.';
comment on constraint marketing_campaigns_id_event_id_key on public.marketing_campaigns is
  'The target of whatsapp_campaigns'' composite key.';

create index marketing_campaigns_event_id_idx on public.marketing_campaigns (event_id);
create index marketing_campaigns_email_template_id_idx
  on public.marketing_campaigns (email_template_id);
create index marketing_campaigns_due_idx on public.marketing_campaigns (scheduled_at)
  where status = 'scheduled';
create index marketing_campaigns_audience_idx
  on public.marketing_campaigns using gin (audience jsonb_path_ops);

alter table public.marketing_campaigns enable row level security;
revoke all on table public.marketing_campaigns from anon, authenticated, service_role;
grant select, delete on table public.marketing_campaigns to authenticated;
grant insert (
  id, event_id, email_template_id, name, channel, audience, budget_cents, currency, status,
  scheduled_at
) on table public.marketing_campaigns to authenticated;
grant update (
  email_template_id, name, audience, budget_cents, currency, status, scheduled_at
) on table public.marketing_campaigns to authenticated;
grant select, insert, update, delete on table public.marketing_campaigns to service_role;

create policy "organizers read campaigns of their events"
  on public.marketing_campaigns for select to authenticated
  using (event_id = any (array(select private.organized_event_ids())));

create policy "organizers plan campaigns for their events"
  on public.marketing_campaigns for insert to authenticated
  with check (
    event_id = any (array(select private.organized_event_ids()))
    and status in ('draft', 'scheduled')
    and (
      email_template_id is null
      or exists (
        select 1
        from public.email_templates as t
        where t.id = marketing_campaigns.email_template_id and t.owner_id = (select auth.uid())
      )
    )
  );

create policy "organizers change campaigns that are not under way"
  on public.marketing_campaigns for update to authenticated
  using (
    event_id = any (array(select private.organized_event_ids()))
    and status in ('draft', 'scheduled')
  )
  with check (
    event_id = any (array(select private.organized_event_ids()))
    and status in ('draft', 'scheduled', 'cancelled')
    and (
      email_template_id is null
      or exists (
        select 1
        from public.email_templates as t
        where t.id = marketing_campaigns.email_template_id and t.owner_id = (select auth.uid())
      )
    )
  );

create policy "organizers delete drafts of campaigns"
  on public.marketing_campaigns for delete to authenticated
  using (status = 'draft' and event_id = any (array(select private.organized_event_ids())));

create trigger marketing_campaigns_set_updated_at
  before update on public.marketing_campaigns
  for each row execute function public.set_updated_at();

create function public.record_campaign_progress(
  campaign_id uuid,
  sent integer default 0,
  delivered integer default 0,
  opened integer default 0,
  clicked integer default 0,
  failed integer default 0
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if least(sent, delivered, opened, clicked, failed) < 0 then
    raise invalid_parameter_value using message = 'counters only grow';
  end if;

  update public.marketing_campaigns as c
  set
    sent_count = c.sent_count + coalesce(sent, 0),
    delivered_count = c.delivered_count + coalesce(delivered, 0),
    opened_count = c.opened_count + coalesce(opened, 0),
    clicked_count = c.clicked_count + coalesce(clicked, 0),
    failed_count = c.failed_count + coalesce(failed, 0)
  where c.id = record_campaign_progress.campaign_id and c.status in ('sending', 'sent');

  if not found then
    raise sqlstate 'PT409' using
      message = format('campaign %s is not under way', record_campaign_progress.campaign_id);
  end if;
end;
$$;

comment on function public.record_campaign_progress(uuid, integer, integer, integer, integer, integer) is
  'Adds to a campaign''s counters, safely from many senders at once; raises PT409 when it is not being sent. For servers.';

revoke execute
  on function public.record_campaign_progress(uuid, integer, integer, integer, integer, integer)
  from public, anon, authenticated;
grant execute
  on function public.record_campaign_progress(uuid, integer, integer, integer, integer, integer)
  to service_role;

-- ---------------------------------------------------------------------------------------------
-- WhatsApp: a campaign's messages in the form that WhatsApp Business demands
-- ---------------------------------------------------------------------------------------------

create table public.whatsapp_campaigns (
  id uuid primary key default gen_random_uuid(),
  campaign_id uuid not null,
  event_id uuid not null,
  template_name text not null
    constraint whatsapp_campaigns_template_name_form check (
      template_name ~ '^[a-z][a-z0-9_]*$' and char_length(template_name) <= 512
    ),
  language text not null default 'en'
    constraint whatsapp_campaigns_language_form check (language ~ '^[a-z]{2}(_[A-Z]{2})?$'),
  parameters jsonb not null default '[]'
    constraint whatsapp_campaigns_parameters_is_array check (jsonb_typeof(parameters) = 'array'),
  status text not null default 'draft'
    constraint whatsapp_campaigns_status_known
    check (status in ('draft', 'scheduled', 'sending', 'sent', 'cancelled')),
  scheduled_at timestamptz,
  recipient_count integer not null default 0
    constraint whatsapp_campaigns_recipient_count_not_negative check (recipient_count >= 0),
  sent_count integer not null default 0
    constraint whatsapp_campaigns_sent_count_not_negative check (sent_count >= 0),
  delivered_count integer not null default 0
    constraint whatsapp_campaigns_delivered_count_not_negative check (delivered_count >= 0),
  read_count integer not null default 0
    constraint whatsapp_campaigns_read_count_not_negative check (read_count >= 0),
  replied_count integer not null default 0
    constraint whatsapp_campaigns_replied_count_not_negative check (replied_count >= 0),
  failed_count integer not null default 0
    constraint whatsapp_campaigns_failed_count_not_negative check (failed_count >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint whatsapp_campaigns_campaign_fkey foreign key (campaign_id, event_id)
    references public.marketing_campaigns (id, event_id) on delete cascade,
  constraint whatsapp_campaigns_scheduled_has_time
    check (status in ('draft', 'cancelled') or scheduled_at is not null),
  constraint whatsapp_campaigns_sent_within_recipients
    check (sent_count + failed_count <= recipient_count)
);

comment on table public.whatsapp_campaigns is
  'WhatsApp messages of a marketing campaign: an approved template, its parameters, what became of it.';
comment on column public.whatsapp_campaigns.event_id is
  'The campaign''s event, kept equal to it by the composite foreign key.';
comment on column public.whatsapp_campaigns.template_name is 'As approved by WhatsApp Business.';
comment on column public.whatsapp_campaigns.parameters is
  'What fills {{1}}, {{2}}, … of the approved template, in order.';
comment on column public.whatsapp_campaigns.sent_count is
  'This and the other counters are moved only by public.record_whatsapp_progress.';

create index whatsapp_campaigns_campaign_id_event_id_idx
  on public.whatsapp_campaigns (campaign_id, event_id);
create index whatsapp_campaigns_event_id_idx on public.whatsapp_campaigns (event_id);
create index whatsapp_campaigns_due_idx on public.whatsapp_campaigns (scheduled_at)
  where status = 'scheduled';

alter table public.whatsapp_campaigns enable row level security;
revoke all on table public.whatsapp_campaigns from anon, authenticated, service_role;
grant select, delete on table public.whatsapp_campaigns to authenticated;
grant insert (id, campaign_id, event_id, template_name, language, parameters, status, scheduled_at)
  on table public.whatsapp_campaigns to authenticated;
grant update (template_name, language, parameters, status, scheduled_at)
  on table public.whatsapp_campaigns to authenticated;
grant select, insert, update, delete on table public.whatsapp_campaigns to service_role;

create policy "organizers read WhatsApp campaigns of their events"
  on public.whatsapp_campaigns for select to authenticated
  using (event_id = any (array(select private.organized_event_ids())));

create policy "organizers plan WhatsApp campaigns for their events"
  on public.whatsapp_campaigns for insert to authenticated
  with check (
    event_id = any (array(select private.organized_event_ids()))
    and status in ('draft', 'scheduled')
  );

create policy "organizers change WhatsApp campaigns that are not under way"
  on public.whatsapp_campaigns for update to authenticated
  using (
    event_id = any (array(select private.organized_event_ids()))
    and status in ('draft', 'scheduled')
  )
  with check (
    event_id = any (array(select private.organized_event_ids()))
    and status in ('draft', 'scheduled', 'cancelled')
  );

create policy "organizers delete drafts of WhatsApp campaigns"
  on public.whatsapp_campaigns for delete to authenticated
  using (status = 'draft' and event_id = any (array(select private.organized_event_ids())));

create trigger whatsapp_campaigns_set_updated_at
  before update on public.whatsapp_campaigns
  for each row execute function public.set_updated_at();

create function public.record_whatsapp_progress(
  whatsapp_campaign_id uuid,
  sent integer default 0,
  delivered integer default 0,
  read integer default 0,
  replied integer default 0,
  failed integer default 0
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if least(sent, delivered, read, replied, failed) < 0 then
    raise invalid_parameter_value using message = 'counters only grow';
  end if;

  update public.whatsapp_campaigns as c
  set
    sent_count = c.sent_count + coalesce(sent, 0),
    delivered_count = c.delivered_count + coalesce(delivered, 0),
    read_count = c.read_count + coalesce(read, 0),
    replied_count = c.replied_count + coalesce(replied, 0),
    failed_count = c.failed_count + coalesce(failed, 0)
  where c.id = record_whatsapp_progress.whatsapp_campaign_id
    and c.status in ('sending', 'sent');

  if not found then
    raise sqlstate 'PT409' using
      message = format(
        'WhatsApp campaign %s is not under way', record_whatsapp_progress.whatsapp_campaign_id
      );
  end if;
end;
$$;

comment on function public.record_whatsapp_progress(uuid, integer, integer, integer, integer, integer) is
  'Adds to a WhatsApp campaign''s counters, safely from many senders at once; raises PT409 when it is not being sent. For servers.';

revoke execute
  on function public.record_whatsapp_progress(uuid, integer, integer, integer, integer, integer)
  from public, anon, authenticated;
grant execute
  on function public.record_whatsapp_progress(uuid, integer, integer, integer, integer, integer)
  to service_role;
