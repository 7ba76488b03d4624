-- A function of this session that inserts the candidates one by one, until there are enough, or so
-- many were refused at a stretch that the others will be, too.
create or replace function pg_temp.runbook_insert(statement text, at_most bigint) returns bigint
language plpgsql as $$
declare
  candidate pg_temp.runbook_candidates;
  made bigint := 0;
  one bigint;
  refused bigint := 0;
  said text;
begin
  for candidate in select * from pg_temp.runbook_candidates order by i loop
    exit when made >= at_most;
    begin
      execute statement using candidate;
      get diagnostics one = row_count;
      made := made + one;
      refused := 0;
    exception when others then
      refused := refused + 1;
      said := sqlerrm;
      if refused >= 1000 or (made = 0 and refused >= 190) then
        exit when made > 0;
        raise;
      end if;
    end;
  end loop;
  return made;
end
$$
