-- fires on: PostgreSQL
set local runbook.server_version_num = 170004;
