"""What users feel while a migration is applied: measured on a copy, under a small load.

    traffic    pgbench reads and writes the tables that the migration locks
    waiting    who of it stood in the migration's way, or it in theirs: sampled while it runs
    felt       what came of it: latencies before, during and after; as findings, as words
    chart      the same as a picture
    trial      a migration applied under it
    shown      a phase's pictures, as the last rehearsal left them

Embedded databases only: no load is ever started on a protected target.
"""
