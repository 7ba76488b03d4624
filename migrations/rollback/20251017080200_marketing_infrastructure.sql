-- Rollback of marketing_infrastructure: takes back every object, newest first.
--
-- Templates, campaigns and their counters go with the tables. No cascade and no "if exists": an
-- object that is missing, or that something newer still needs, stops the rollback and nothing is
-- changed. Policies, indexes, triggers and grants go with the tables.
--
-- Locks: access exclusive on public.profiles and public.events, from the drop of
-- the foreign keys to the end of this transaction: readers wait too.

drop function public.record_whatsapp_progress(uuid, integer, integer, integer, integer, integer);

drop table public.whatsapp_campaigns;

drop function public.record_campaign_progress(uuid, integer, integer, integer, integer, integer);

drop table public.marketing_campaigns;

drop function public.render_email_template(uuid, jsonb);

drop table public.email_templates;

drop function private.fill_template(text, jsonb, boolean);
drop function private.template_variables(text);
