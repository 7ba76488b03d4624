"""A rehearsal: the pending migrations in full on a copy of the target, before the night itself.

`sample` copies a few rows that hang together, `rehearse` takes each migration there, back and there
again with the real engine, `kept` writes what came of it and finds it again when the real run asks.
"""
