create or replace view public.published with (security_invoker = on) as select id, title, author, tags from public.posts where status = 'published';
