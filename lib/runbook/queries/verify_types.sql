-- Which of these type names does the search_path lead to?
-- `whole` marks those that cannot carry a modifier of their own: domains and pseudo-types.
select w.text, t.oid, t.typtype in ('d', 'p') as whole
from unnest(%(texts)s::text[]) as w (text)
join pg_catalog.pg_type as t on t.oid = pg_catalog.to_regtype(w.text)
order by w.text
