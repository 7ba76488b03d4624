"""Check files as tests write them: a header, and one SELECT."""

from __future__ import annotations

from pathlib import Path

HEADER = """\
-- title: {title}
-- group: No security gaps
-- level: WARN
-- needs: {needs}
-- examines: things
-- why: Because
--   it matters.
-- mend: Mend it.
"""


QUERY = """\
with examined as (select 1 as n)
select n::text as object, 'none' as expected, 'one' as observed from examined where {where};
"""


def add(
    folder: Path, name: str, query: str, *, title: str = "A promise", needs: str = "nothing"
) -> Path:
    path = folder / name
    path.write_text(HEADER.format(title=title, needs=needs) + query, encoding="utf-8")
    return path
