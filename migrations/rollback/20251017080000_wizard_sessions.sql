-- Rollback of wizard_sessions: takes back every object, newest first.
--
-- The sessions go with the table. No cascade and no "if exists": an object that is missing, or that
-- something newer still needs, stops the rollback and nothing is changed. Policies, indexes,
-- triggers and grants go with the table.
--
-- Locks: access exclusive on public.profiles and public.events, from the drop of
-- the foreign keys to the end of this transaction: readers wait too.

drop function public.abandon_stale_wizard_sessions(interval);
drop function public.claim_wizard_session();
drop function private.claim_wizard_session();

drop table public.wizard_sessions;

drop function private.stamp_wizard_session();
drop function private.wizard_token_hash();
