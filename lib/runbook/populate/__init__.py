"""Rows for any schema, for looking at plans that need some: `runbook populate`, embedded only.

The server decides what fits, not a library of made-up people: for each column a few expressions
are tried against its checks (`values`), rows that break a check over several columns are left out
by the same INSERT … SELECT that makes them, and what a foreign key needs is picked from the rows
that are there (`fill`). `shape` reads the catalog. The same N gives the same rows.
"""
