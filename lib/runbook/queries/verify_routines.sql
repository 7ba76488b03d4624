-- Which functions are called like this, where the search_path leads?
select w.text, pg_catalog.to_regprocedure(w.text)::oid
from unnest(%(signatures)s::text[]) as w (text)
order by w.text
