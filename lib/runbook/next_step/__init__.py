"""You are here, do this next: for whoever is called at night and has a minute.

standing   where a target stands: history, ledger, locks, catalog, files; read, never changed
tokens     what becomes of an approval: none yet, printed, in use, void and why
lines      commands, exactly as they are typed
course     what stands first in the way, and what to do about it; one rule a situation
command    `runbook next`; the hand-over card takes its next steps from here, too
"""
