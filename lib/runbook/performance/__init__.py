"""Performance acceptable: stated thresholds, and what EXPLAIN (ANALYZE, BUFFERS) measured.

`thresholds` reads [performance] of plan.toml; `explain` reads one plan; `measure` asks the sample
queries of the scenarios, every table's policies, and the vector indexes; `judge` holds the one
against the other; `scaling` does it at growing numbers of rows, and `plot` draws that.
"""
