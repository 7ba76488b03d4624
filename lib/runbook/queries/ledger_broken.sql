-- The first event whose place in the chain or whose hash is wrong; no row means an intact chain.
select seq
from (
    select
        seq,
        previous,
        hash,
        runbook.digest(e)                       as expected,
        row_number() over (order by seq)        as place,
        lag(hash, 1, '') over (order by seq)    as head
    from runbook.events e
) chain
where hash <> expected or previous <> head or seq <> place
order by seq
limit 1
