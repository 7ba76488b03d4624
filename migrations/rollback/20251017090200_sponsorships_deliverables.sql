-- Rollback of sponsorships_deliverables: takes back every object, newest first.
--
-- Lost: every sponsorship and deliverable. No cascade and no "if exists": an object that is
-- missing, or that something newer still needs, stops the rollback and nothing is changed.

drop function public.convert_sponsor_proposal(uuid);

drop table public.sponsor_deliverables;
drop function private.follow_sponsor_deliverables();
drop function private.stamp_sponsor_deliverable();

drop table public.sponsorships;
drop function private.guard_sponsorship();
