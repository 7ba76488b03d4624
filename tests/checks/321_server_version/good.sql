-- The server that these tests run on is new enough; so is the first release with the fixes.
set local runbook.server_version_num = 170008;
