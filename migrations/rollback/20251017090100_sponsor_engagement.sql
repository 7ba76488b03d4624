-- Rollback of sponsor_engagement: takes back every object, newest first.
--
-- Lost: every activity, proposal, lead score and follow-up sequence. No cascade and no "if exists":
-- an object that is missing, or that something newer still needs, stops the rollback and nothing
-- is changed.

drop function public.advance_follow_up_sequence(uuid);

drop table public.follow_up_sequences;
drop function private.follow_up_steps_valid(jsonb);

drop table public.sponsor_lead_scores;
drop function private.retire_lead_score();

drop table public.sponsor_proposals;
drop function private.log_sponsor_proposal();
drop function private.guard_sponsor_proposal();
drop function private.proposal_benefits_valid(jsonb);

drop table public.sponsor_activities;
drop function private.require_event_of_owner();
