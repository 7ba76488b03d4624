-- A piece of one table as COPY's text: as many rows after a place as fit, in the table's order; with
-- how many they are, the sum of their hashes (of all pieces: the table's), where the piece ends, and
-- the text's digest. format() asks each type for its output, as COPY does.
with found as (
    select t.ctid as place, %(line)s || E'\n' as line,
           pg_catalog.hashtextextended(row(%(columns)s)::text, 0)::numeric as hash
    from only %(table)s as t
    where t.ctid > %(after)s::tid
),
counted as (
    select f.place, f.line, f.hash,
           sum(octet_length(f.line)) over (order by f.place) as upto,
           row_number() over (order by f.place)              as nth
    from found as f
),
piece as (
    select count(*) as rows, coalesce(sum(c.hash), 0)::text as hash, max(c.place)::text as place,
           coalesce(string_agg(c.line, '' order by c.place), '') as text
    from counted as c
    where c.upto <= %(most)s or c.nth = 1
)
select p.rows, p.hash, p.place, p.text, encode(sha256(convert_to(p.text, 'UTF8')), 'hex')
from piece as p
