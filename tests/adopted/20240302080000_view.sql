create view public.published with (security_invoker = on) as select id, title, author from public.posts where status = 'published';
grant select on public.published to anon;
