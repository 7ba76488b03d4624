"""Projects on plain PostgreSQL: no API schemas, no roles of Supabase's, roles of their own.

`platform` is the word that plan.toml says and what follows from it, `shape/*.sql` what the embedded
server is then, `shared_roles` how its databases live with roles that belong to all of them.
"""
