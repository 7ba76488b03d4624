-- Rollback of automation_workflows: takes back every object, newest first.
--
-- Lost: every workflow, trigger and execution. No cascade and no "if exists": an object that is
-- missing, or that something newer still needs, stops the rollback and nothing is changed.

drop function public.dispatch_automation_event(text, jsonb, text, uuid);
drop function public.match_automation_triggers(text, jsonb, uuid);

drop table public.workflow_execution_logs;
drop function private.guard_execution();

drop table public.automation_triggers;
drop function public.condition_terms(jsonb);

drop table public.automation_workflows;
drop function private.version_workflow();
drop function private.workflow_steps_valid(jsonb);
