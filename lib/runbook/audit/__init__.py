"""Records that can be believed a year later: manifests, their chain, and what holds against them.

manifest   what a record consists of, as an in-toto Statement
chain      runs/chain.jsonl: every record of the archive in order, one line each
evidence   what the journal's events say, in the form that the manifest and the page need
witness    what the target says of itself, and the record's event in its ledger
verifying  files against manifests against chain; `against_ledger`: against the target
signing    DSSE envelopes and SSH signatures with an Ed25519 key
known      which secrets the environment holds; `people`: addresses that are somebody's
scan       the last look for secrets before a record is closed
differing  two runs side by side
listing    one page over all runs
pruning    old records become tombstones
storing    copies in another place
commands   `runbook audit …`
"""
