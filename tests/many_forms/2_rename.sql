-- New names for what 1_create made; everything that mentions them follows.
alter publication supabase_realtime add table app.users, app.logs;
alter table app.users rename to people;
alter table app.people rename column e to email;
alter type app.status rename value 'a' to 'z';
alter type app.status rename to state;
alter view app.v1 rename column a to first;
alter domain app.email rename constraint shorter to short;
alter function app.g() rename to g2;
