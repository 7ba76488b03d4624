"""Adopting a project: a folder of migrations that other tools wrote becomes a runbook's project.

`sources` finds the files and says what is wrong with each, `references` reads who needs whom,
`grouping` makes phases, `judged` says what is known of each file, `skeleton` begins a scenario,
`trial` runs everything on a scratch database and keeps the rollback drafts that hold, `plan_text`
writes plan.toml, `init` puts it all in place without overwriting anything.
"""
