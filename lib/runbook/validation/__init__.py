"""The system as a whole: checks, scenarios played again, access measured again, criteria.

`again` plays what the phases proved once more and takes it back; `cells` is what the notebook
03_system_validation holds in its hand; `command` is `runbook validate`. The checks themselves are
files (checks/*.sql), asked by `runbook.system`.
"""
