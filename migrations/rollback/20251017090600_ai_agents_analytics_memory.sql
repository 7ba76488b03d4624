-- Rollback of ai_agents_analytics_memory: takes back every object, newest first.
--
-- Lost: every run of the analytics agent and everything the agents remember. No cascade and no
-- "if exists": an object that is missing, or that something newer still needs, stops the rollback
-- and nothing is changed.

drop function public.forget_expired_agent_memory(integer);
drop function public.touch_agent_memory(uuid[]);
drop function public.recall_agent_memory(
  text, extensions.vector, text, integer, uuid, double precision, double precision,
  double precision, uuid
);

drop table public.agent_memory;
drop function private.require_memory_source();

drop table public.agent_analytics_activities;
