-- Rollback of ai_agents_sales_marketing: takes back every object, newest first.
--
-- Lost: every run of the two agents. No cascade and no "if exists": an object that is missing, or
-- that something newer still needs, stops the rollback and nothing is changed.

drop table public.agent_marketing_activities;
drop function private.require_campaign_of_owner();

drop table public.agent_sales_activities;

drop function private.guard_agent_run();
