-- The ledger's two ends: the first event's hash tells this ledger from every other one.
select first.hash, last.seq, last.hash
from (select hash from runbook.events order by seq limit 1) first,
     (select seq, hash from runbook.events order by seq desc limit 1) last
