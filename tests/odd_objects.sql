-- Everything that a schema can hold and a check might stumble over. No check may fail to run on it.
create schema "Sch""ema.One";
create role "Role ""x""";
create role "role,with {braces}";

create table public."New
Line" (id int primary key, "per%cent" text, "back\slash" text, "select" int, "object" text);
create table public."100% ""quoted"" it's" (id int primary key, other int references public."New
Line" (id));
create table public."Ünïcode 🐘" ("🐘" int primary key);
create table public.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (id int primary key);
create table "Sch""ema.One"."T.a,b{c}" ("k""ey" serial primary key, "Owner" uuid);
create table public.no_columns ();
create table public.all_dropped (a int, b int);
alter table public.all_dropped drop column a, drop column b;
create table public.some_dropped (a int, b int, c int primary key, d int references public."New
Line" (id));
alter table public.some_dropped drop column a;
create index on public.some_dropped (d, b);
do $$ begin
  execute 'create table public.widest (' || (select string_agg(format('column_%s int', n), ', ') from generate_series(1, 1600) n) || ')';
end $$;
alter table public.widest enable row level security;
create policy wide on public.widest for select to "Role ""x""" using (column_1600 = 1);

-- partitions in two levels, with keys into and out of them
create table public.parted (id int, day date, up int, primary key (id, day)) partition by range (day);
create table public.parted_26 partition of public.parted for values from ('2026-01-01') to ('2027-01-01') partition by list (id);
create table public.parted_26_1 partition of public.parted_26 for values in (1);
create table public.parted_rest partition of public.parted default;
create table public.to_parted (id int, day date, foreign key (id, day) references public.parted deferrable initially deferred);
alter table public.parted add foreign key (up) references public."New
Line" (id) on delete set null;
alter table public.parted_26_1 add constraint only_here foreign key (id) references public."New
Line" (id) not valid;
alter table public.parted enable row level security;
create policy on_root on public.parted for select using (id > 0);
create policy on_leaf on public.parted_26_1 for select using (id > 0);

-- inheritance
create table public.mother (id int primary key, note text check (note <> ''));
create table public.father (id int, extra numeric);
create table public.child (more int) inherits (public.mother, public.father);

-- types
create type public.composite as (a int, b text);
create type public.mood as enum ('sad', 'it''s ok', 'happy');
create domain public.posint as int check (value > 0);
create domain public.dcomposite as public.composite;
create domain public.deeper as public.posint default 7 not null;
create type public.floats as range (subtype = float8);
create table public.typed (
  id public.posint primary key, c public.composite, d public.dcomposite, m public.mood[], e public.deeper,
  f public.floats, g int4multirange, h tsvector, i xml, j jsonb, k bit varying(5), l "char", n name, o money,
  twice int generated always as (id * 2) stored, own oid, lang regconfig
);
create table public.of_type of public.composite;
create table public.key_types (n bigint, foreign key (n) references public.typed (id));
create collation public.other from "C";
create table public.collated (name text collate public.other primary key);
create table public.uses_collated (name text collate "POSIX" references public.collated);
insert into public.collated values ('Anna');
insert into public.uses_collated values ('Anna');

-- views, rules, materialized views
create view public.v1 as select * from public.typed;
create view public.v2 as select id, (c).a from public.v1 union all select 1, 2;
create view public.v3 with (security_barrier, check_option = local) as select id from public.mother where id > 1;
create recursive view public.v4 (n) as values (1) union all select n + 1 from v4 where n < 5;
create materialized view public.m1 as select * from public.v2 with no data;
create materialized view public."M ""2""" as select * from public.m1 with no data;
create unique index on public.m1 (id);
create rule ignore as on insert to public.v2 do instead nothing;
create unlogged table public.fast (id bigint generated always as identity);
create temp table scratch (id int, token text, up int);
create temp view scratch_view as select * from scratch;
create index on scratch (id);

-- functions
create function public."Fn ""odd"""(inout a int, variadic b text[] default '{}', out c text) language sql as 'select a, b[1]';
create function public.poly(anyelement) returns anyarray language sql as 'select array[$1]';
create function public.rows_of(n int) returns table (x int, "Y" text) language plpgsql security definer as $$ begin return query select 1, 'from "weird'' ; join '; end $$;
create function public.atomic(int) returns bigint language sql security definer begin atomic; select count(*) from public.parted where id = $1; end;
create procedure public.proc(inout x int) language plpgsql as 'begin x := 1; end';
create aggregate public.total (int) (sfunc = int4pl, stype = int);
create operator public.=== (leftarg = int, rightarg = int, function = int4eq);
create function public.trig() returns trigger language plpgsql as 'begin return new; end';
create trigger "trig ""quoted""" after insert on public.mother referencing new table as fresh for each statement execute function public.trig();
create constraint trigger late after insert on public.father deferrable for each row execute function public.trig();
create function public."from"() returns int language plpgsql security definer as 'begin return 1 from from_nothing; end -- "unclosed';

-- indexes and constraints
create table public.indexed (a int, b text, c jsonb, d int4range, e int[], exclude using gist (d with &&));
create index on public.indexed (lower(b), (a + 1));
create index on public.indexed using gin (c jsonb_path_ops);
create index on public.indexed using brin (a) with (pages_per_range = 8);
create index on public.indexed using gin (e);
create unique index on public.indexed (a, b) include (c);
create index "Index ""odd""" on public.indexed (b desc nulls last) where a > 0 and b <> '''';
create statistics public.stats on a, b from public.indexed;
create table public.self (id int primary key, up int references public.self, constraint "same name" check (id > 0));
create sequence public."Seq ""odd""" owned by public.self.up;
create table public.two_feeds (a int default nextval('public."Seq ""odd"""'), b int default nextval('public."Seq ""odd"""') + 1, c text default nextval('public."Seq ""odd"""')::text);
create sequence public.orphan_sequence;

-- policies
alter table public."New
Line" enable row level security;
create policy "Pol ""icy"", with (signs)" on public."New
Line" to "Role ""x""", "role,with {braces}" using ("select" = 1 and "per%cent" like '%:relid 5 %' and "object" ~ '{VAR ') with check (exists (select from public.v2 join public.typed t using (id) where t.twice = "select"));
create policy "same"  on public."New
Line" as restrictive using (("back\slash") is distinct from 'auth.uid() = "x"');
alter table "Sch""ema.One"."T.a,b{c}" enable row level security, force row level security;
create policy self on "Sch""ema.One"."T.a,b{c}" using ("Owner" in (select t."Owner" from "Sch""ema.One"."T.a,b{c}" t));
grant select ("k""ey") on "Sch""ema.One"."T.a,b{c}" to public;
create publication everything for table public.mother where (id > 1), public.typed (id);

-- what lives elsewhere, and what belongs to extensions
create extension if not exists postgres_fdw with schema public;
create extension if not exists hstore with schema public;
create extension if not exists btree_gist with schema public;
create server "Far ""away""" foreign data wrapper postgres_fdw options (host 'nowhere');
create foreign table public."far ""table""" (id int, "Na""me" text, attributes public.hstore) server "Far ""away""";
create table public.parted_loose (id int, day date) partition by range (day);
create foreign table public.parted_far partition of public.parted_loose for values from ('2030-01-01') to ('2031-01-01') server "Far ""away""";
create view public.far_view as select "Na""me" from public."far ""table""";
grant select on public."far ""table""", public.far_view to public;
create table public.keeps (id int, store public.hstore, at tsrange, primary key (id, at without overlaps));
create table public.keeps_of (id int, at tsrange, foreign key (id, period at) references public.keeps (id, period at));

-- types within types, and names that would end a quote
create type public."Type ""odd""" as ("a""b" int, c public.mood[], d public.posint);
create domain public.list as text[] check (cardinality(value) < 5);
create domain public.pair as public."Type ""odd""" check ((value).d > 0);
create table public."it's; drop table x --" ("col'umn" public.pair, "co--l" public.list, "co/*l" public."Type ""odd"""[], "$1" int, "%s" text, "{x}" int);
create index "in'dex ""%""" on public."it's; drop table x --" ((("co/*l")[1]."a""b"), "$1");
alter table public."it's; drop table x --" enable row level security;
create policy "po'licy -- %s {x}" on public."it's; drop table x --" for update to public using ("%s" = '$$ -- ''' and (("col'umn")."a""b" > 0 or "$1" = any (array[1, 2]))) with check ("{x}" is not null);
create function public."f'n %s"(public."it's; drop table x --") returns setof public."it's; drop table x --" language sql security definer as 'select $1';
create view public."v'iew %s" as select v, (v."col'umn")."a""b" from public."it's; drop table x --" v;

-- virtual columns, whole-row policies, tables without a column left, settings of tables
create table public.virtual (id int primary key, twice int generated always as (id * 2) virtual, constraint "no %" check (id <> 5) no inherit);
create policy whole_row on public.virtual for all using (virtual is not null and exists (select from public.virtual v where v = virtual));
alter table public.virtual enable row level security;
alter table public.fast set (autovacuum_enabled = false, fillfactor = 50);
alter table public.parted detach partition public.parted_rest;
create table public.much (id int primary key, up int, foreign key (up) references public.much on delete cascade on update set default deferrable);
alter table public.much disable trigger all;
do $$ begin
  execute 'create index much_wide on public.widest (' || (select string_agg(format('column_%s', n), ', ') from generate_series(1, 32) n) || ')';
  execute 'alter table public.widest ' || (select string_agg(format('drop column column_%s', n), ', ') from generate_series(1500, 1590) n);
end $$;
