-- Rollback of ai_agents_operations_support: takes back every object, newest first.
--
-- Lost: every run of the operations agent and every support conversation. No cascade and no
-- "if exists": an object that is missing, or that something newer still needs, stops the rollback
-- and nothing is changed.

drop function public.search_support_conversations(text, integer, uuid);

drop table public.agent_support_activities;
drop function private.guard_support_escalation();

drop table public.agent_operations_activities;
