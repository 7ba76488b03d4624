-- Scenario of sponsors_core. Self-contained: it makes its own people and sponsors, asks for rows by
-- key only, and is rolled back as a whole. Ada and Eve are organizers; neither knows of the other.

-- name: two organizers sign up and get their profiles
-- as: owner
-- expect: 2 affected
insert into auth.users (id, email)
values
  ('5ce00000-0000-4000-8000-00000000000a', 'ada@scenario.example'),
  ('5ce00000-0000-4000-8000-00000000000e', 'eve@scenario.example');

-- name: an organizer adds sponsors of her own
-- as: authenticated ada@scenario.example
-- expect: 3 affected
insert into public.sponsors
  (id, owner_id, company_name, industry, website, contact_email, budget_min_cents,
   budget_max_cents, tags, profile, embedding, embedding_model)
values
  ('5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-00000000000a',
   'Scenario Robotics', 'technology', 'https://robotics.scenario.example',
   'hello@robotics.scenario.example', 100000, 500000, '{robots,schools}',
   '{"audience": {"age": "18-25"}}',
   ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1'),
  ('5ce00000-0000-4000-8000-000000000052', '5ce00000-0000-4000-8000-00000000000a',
   'Scenario Lemonade', 'food_beverage', null, null, null, null, '{drinks}', '{}',
   ('[0.6,0.8' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1'),
  ('5ce00000-0000-4000-8000-000000000054', '5ce00000-0000-4000-8000-00000000000a',
   'Scenario Mistake', 'other', null, null, null, null, '{}', '{}', null, null);

-- name: another organizer adds a sponsor, with the same vector as the first
-- as: authenticated eve@scenario.example
-- expect: 1 affected
insert into public.sponsors (id, owner_id, company_name, embedding, embedding_model)
values (
  '5ce00000-0000-4000-8000-000000000053', '5ce00000-0000-4000-8000-00000000000e',
  'Scenario Robotics', ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1'
);

-- Policies ---------------------------------------------------------------------------------------

-- name: an organizer reads her own sponsors only
-- as: authenticated ada@scenario.example
-- expect: 3 rows
select id from public.sponsors
where id in (
  '5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-000000000052',
  '5ce00000-0000-4000-8000-000000000053', '5ce00000-0000-4000-8000-000000000054'
);

-- name: another organizer does not see them
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.sponsors where owner_id = '5ce00000-0000-4000-8000-00000000000a';

-- name: a visitor may not even ask
-- as: anon
-- expect: error 42501
select id from public.sponsors limit 1;

-- name: the server reads all tenants
-- as: service_role
-- expect: 2 rows
select id from public.sponsors
where id in ('5ce00000-0000-4000-8000-000000000051', '5ce00000-0000-4000-8000-000000000053');

-- name: nobody adds a sponsor in another organizer's name
-- as: authenticated eve@scenario.example
-- expect: error 42501
insert into public.sponsors (owner_id, company_name)
values ('5ce00000-0000-4000-8000-00000000000a', 'Scenario Intruder');

-- name: a visitor may not add a sponsor
-- as: anon
-- expect: error 42501
insert into public.sponsors (owner_id, company_name)
values ('5ce00000-0000-4000-8000-00000000000a', 'Scenario Intruder');

-- name: an organizer changes her own sponsor
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsors set contact_name = 'Kim' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: an organizer cannot change another's sponsor
-- as: authenticated eve@scenario.example
-- expect: 0 affected
update public.sponsors set contact_name = 'Eve' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: an organizer cannot push a sponsor into another's list
-- as: authenticated ada@scenario.example
-- expect: error 42501
update public.sponsors set owner_id = '5ce00000-0000-4000-8000-00000000000e'
where id = '5ce00000-0000-4000-8000-000000000052';

-- name: an organizer cannot delete another's sponsor
-- as: authenticated eve@scenario.example
-- expect: 0 affected
delete from public.sponsors where id = '5ce00000-0000-4000-8000-000000000054';

-- name: an organizer deletes her own sponsor
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.sponsors where id = '5ce00000-0000-4000-8000-000000000054';

-- Keys and checks --------------------------------------------------------------------------------

-- name: a sponsor needs an organizer that exists
-- as: service_role
-- expect: error 23503
insert into public.sponsors (owner_id, company_name)
values ('5ce00000-0000-4000-8000-0000000000ff', 'Scenario Orphan');

-- name: one company is one sponsor per organizer, whatever the case
-- as: authenticated ada@scenario.example
-- expect: error 23505
insert into public.sponsors (owner_id, company_name)
values ('5ce00000-0000-4000-8000-00000000000a', 'SCENARIO robotics');

-- A restricted delete is 23001 from PostgreSQL 18 on and 23503 before: both will do.
-- name: an organizer who still has sponsors cannot be deleted
-- as: owner
-- expect: ok
do $$
begin
  delete from public.profiles where id = '5ce00000-0000-4000-8000-00000000000a';
  raise exception 'the profile was deleted';
exception
  when restrict_violation or foreign_key_violation then null;
end;
$$;

-- name: a company has a name
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set company_name = '  ' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a website is a web address
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set website = 'javascript:alert(1)'
where id = '5ce00000-0000-4000-8000-000000000051';

-- name: an industry is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set industry = 'magic' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a company size is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set company_size = 'big' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a country is two capital letters
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set country_code = 'usa' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a contact address looks like one
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set contact_email = 'nobody'
where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a budget does not end below its start
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set budget_max_cents = 1 where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a currency is three capital letters
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set currency = 'usd' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a tag is never null
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set tags = array['a', null]
where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a profile is an object
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set profile = '[]' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: a status is one of the list
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set status = 'won' where id = '5ce00000-0000-4000-8000-000000000051';

-- name: an embedding says which model made it
-- as: authenticated ada@scenario.example
-- expect: error 23514
update public.sponsors set embedding_model = null
where id = '5ce00000-0000-4000-8000-000000000051';

-- name: an embedding has 1536 dimensions
-- as: authenticated ada@scenario.example
-- expect: error 22000
update public.sponsors set embedding = '[1,2,3]'
where id = '5ce00000-0000-4000-8000-000000000051';

-- Triggers ---------------------------------------------------------------------------------------

-- name: a sponsor last changed long ago, for the two triggers
-- as: owner
-- expect: 1 affected
insert into public.sponsors
  (id, owner_id, company_name, embedding, embedding_model, updated_at)
values (
  '5ce00000-0000-4000-8000-000000000055', '5ce00000-0000-4000-8000-00000000000a',
  'Scenario Sleeper', ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector, 'scenario-1',
  '2025-01-01'
);

-- name: a change that the embedding was not made from keeps it
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsors set contact_name = 'Lee', tags = tags
where id = '5ce00000-0000-4000-8000-000000000055';

-- name: updated_at follows the change, the embedding stays
-- as: authenticated ada@scenario.example
-- expect: value true
select updated_at = now() and embedding is not null
from public.sponsors where id = '5ce00000-0000-4000-8000-000000000055';

-- name: a new description comes without a new embedding
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsors set description = 'Mattresses'
where id = '5ce00000-0000-4000-8000-000000000055';

-- name: the stale embedding is forgotten
-- as: authenticated ada@scenario.example
-- expect: value true
select embedding is null and embedding_model is null
from public.sponsors where id = '5ce00000-0000-4000-8000-000000000055';

-- name: a new description comes with its embedding
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsors
set
  description = 'Beds',
  embedding = ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector,
  embedding_model = 'scenario-1'
where id = '5ce00000-0000-4000-8000-000000000055';

-- name: the embedding that came with the text is kept
-- as: authenticated ada@scenario.example
-- expect: value scenario-1
select embedding_model from public.sponsors where id = '5ce00000-0000-4000-8000-000000000055';

-- name: the sleeper goes again
-- as: authenticated ada@scenario.example
-- expect: 1 affected
delete from public.sponsors where id = '5ce00000-0000-4000-8000-000000000055';

-- public.match_sponsors --------------------------------------------------------------------------

-- name: the nearest of the caller's own sponsors come first, none of another's
-- as: authenticated ada@scenario.example
-- expect: value 'Scenario Robotics 1.00, Scenario Lemonade 0.60'
select string_agg(company_name || ' ' || round(similarity::numeric, 2), ', ' order by similarity desc)
from public.match_sponsors(('[1,0' || repeat(',0', 1534) || ']')::extensions.vector);

-- name: naming another organizer finds nothing
-- as: authenticated eve@scenario.example
-- expect: 0 rows
select id from public.match_sponsors(
  ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector,
  for_owner => '5ce00000-0000-4000-8000-00000000000a'
);

-- name: the least similarity, the industry and the tags narrow the match
-- as: authenticated ada@scenario.example
-- expect: value 1,1,1,0
select concat_ws(
  ',',
  (select count(*) from public.match_sponsors(q.v, min_similarity => 0.9)),
  (select count(*) from public.match_sponsors(q.v, with_industry => 'food_beverage')),
  (select count(*) from public.match_sponsors(q.v, with_tags => '{schools,music}')),
  (select count(*) from public.match_sponsors(q.v, with_tags => '{music}'))
)
from (select ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector as v) as q;

-- name: the server finds nothing unless it says for whom
-- as: service_role
-- expect: 0 rows
select id from public.match_sponsors(('[1,0' || repeat(',0', 1534) || ']')::extensions.vector);

-- name: the server finds one tenant's sponsors when it says for whom
-- as: service_role
-- expect: value 5ce00000-0000-4000-8000-000000000053
select id from public.match_sponsors(
  ('[1,0' || repeat(',0', 1534) || ']')::extensions.vector,
  for_owner => '5ce00000-0000-4000-8000-00000000000e'
);

-- name: a visitor may not call it
-- as: anon
-- expect: error 42501
select id from public.match_sponsors(('[1,0' || repeat(',0', 1534) || ']')::extensions.vector);

-- name: a blocked sponsor is set aside
-- as: authenticated ada@scenario.example
-- expect: 1 affected
update public.sponsors set status = 'blocked' where id = '5ce00000-0000-4000-8000-000000000052';

-- name: a blocked sponsor is not matched
-- as: authenticated ada@scenario.example
-- expect: value Scenario Robotics
select company_name
from public.match_sponsors(('[1,0' || repeat(',0', 1534) || ']')::extensions.vector);

-- Indexes: enough rows that the planner chooses them by itself -----------------------------------
-- Containment is asked as the server: its operators are not leakproof, so under a policy PostgreSQL
-- reads the tenant's rows by owner_id first and filters them.

-- name: some hundreds of sponsors, some with an embedding, each a little further away than the last
-- as: owner
-- expect: 800 affected
insert into public.sponsors
  (owner_id, company_name, industry, description, tags, profile, embedding, embedding_model)
select
  '5ce00000-0000-4000-8000-00000000000a',
  'Scenario generated ' || g,
  'retail',
  repeat('A company that sponsors. ', 66),
  array['generated', 'shelf-' || g],
  jsonb_build_object('shelf', g),
  case when g % 16 = 0 then (
    array[cos(g * 0.0019), sin(g * 0.0019)] || array_fill(0::float8, array[1534])
  )::extensions.vector end,
  case when g % 16 = 0 then 'scenario-1' end
from generate_series(1, 800) as g;

-- name: the planner is told about them
-- as: owner
-- expect: ok
analyze public.sponsors;

-- How many sponsors there will be decides whether a scan is cheaper; here it is priced out.
-- name: a scan of the sponsors is priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: and so is sorting them
-- as: owner
-- expect: ok
set local enable_sort = off;

-- name: the nearest sponsors are found through the HNSW index, under the policies
-- as: authenticated ada@scenario.example
-- expect: index sponsors_embedding_idx
select id
from public.sponsors
order by embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector
limit 5;

-- Vectors that were rolled back stay in the graph until a vacuum, and a plain scan stops among them.
-- name: the search goes on past vectors that nobody may see, as match_sponsors does
-- as: owner
-- expect: ok
set local hnsw.iterative_scan = strict_order;

-- Adding zero to the distance keeps the planner from the index, which makes the scan exact.
-- name: at least 19 of the 20 nearest neighbours are as near as those of an exact scan
-- as: authenticated ada@scenario.example
-- expect: value true
select count(*) >= 19
from (
  select
    s.embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector
      as distance
  from public.sponsors as s
  order by
    s.embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector
  limit 20
) as found
where found.distance <= (
  select max(exact.distance) + 0.000001
  from (
    select
      (s.embedding operator(extensions.<=>) ('[0,1' || repeat(',0', 1534) || ']')::extensions.vector)
        + 0 as distance
    from public.sponsors as s
    where s.embedding is not null
    order by distance
    limit 20
  ) as exact
);

-- name: a scan of the sponsors costs what it costs again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- name: and so does sorting them
-- as: owner
-- expect: ok
set local enable_sort = on;

-- name: tags are found through their GIN index
-- as: service_role
-- expect: index sponsors_tags_idx
select id from public.sponsors where tags @> '{shelf-77}';

-- name: the tags asked for are those of one sponsor
-- as: service_role
-- expect: value Scenario generated 77
select company_name from public.sponsors
where tags @> '{shelf-77}' and owner_id = '5ce00000-0000-4000-8000-00000000000a';

-- name: profiles are found through their GIN index
-- as: service_role
-- expect: index sponsors_profile_idx
select id from public.sponsors where profile @> '{"shelf": 77}';

-- name: the profile asked for is that of one sponsor
-- as: service_role
-- expect: value Scenario generated 77
select company_name from public.sponsors
where profile @> '{"shelf": 77}' and owner_id = '5ce00000-0000-4000-8000-00000000000a';

-- name: the generated sponsors go again
-- as: owner
-- expect: 800 affected
delete from public.sponsors
where owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and company_name like 'Scenario generated %';

-- The indexes behind keys, policies and queues. The rows are few, so scans are priced out here.

-- name: sequential scans are priced out
-- as: owner
-- expect: ok
set local enable_seqscan = off;

-- name: rows of sponsors are looked up by owner_id, industry, the open ones, through their index
-- as: service_role
-- expect: index sponsors_owner_id_industry_open_idx
select id from public.sponsors
where status in ('prospect', 'active')
  and owner_id = '5ce00000-0000-4000-8000-00000000000a'
  and industry = 'technology';

-- name: sequential scans cost what they cost again
-- as: owner
-- expect: ok
set local enable_seqscan = on;

-- access: public.sponsors
--   role                                select  insert  update  delete
--   anon                                none    none    none    none
--   authenticated ada@scenario.example  2/3     2/3     2/3     2/3
--   authenticated eve@scenario.example  1/3     1/3     1/3     1/3
--   service_role                        all     all     all     all
