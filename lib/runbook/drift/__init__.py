"""Drift: what somebody changed by hand, found by replaying what was applied and comparing.

`replay` builds the database that the applied files make, `compare` says where the target differs
and whose affair that is, `mending` (`making`, `altering`) writes the SQL that would reconcile the
two, `command` shows it. `reconcile` mends rows of the history; no migration is run.
"""
