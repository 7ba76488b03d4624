"""Who takes part in a scenario: whom access is measured for, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from . import actor as actors
from .actor import Actor

if TYPE_CHECKING:
    from .directives import AccessTable, Scenario, ScenarioStep


def actors_of(file: Scenario, declared: AccessTable | None) -> list[Actor]:
    """The declared ones, then anon, every user and own role of the file, and service_role."""
    rows = [row.actor for row in declared.rows] if declared else []
    mentioned = _mentioned(file)
    users = [Actor(a.label, a.role, a.user) for a in mentioned if a.role == "authenticated"]
    default = [actors.parse("anon"), *users, actors.parse("service_role")]
    roles = {actor.role for actor in rows}
    own = [actor for actor in mentioned if actor.own and actor.role not in roles]
    return list(dict.fromkeys(rows + default + own))


def own_roles(file: Scenario) -> list[str]:
    """The server's own roles that the file names."""
    return list(dict.fromkeys(actor.role for actor in _mentioned(file) if actor.own))


def _mentioned(file: Scenario) -> list[Actor]:
    steps = [step.actor for step in file.steps]
    return steps + [row.actor for table in file.access for row in table.rows]


def names_of(who: Iterable[Actor]) -> dict[Actor, str]:
    """A name for each, without the values of headers and settings: they may be secrets."""
    names: dict[Actor, str] = {}
    for actor in who:
        parts = [key for key, value in (*actor.headers, *actor.settings) if value]
        parts += ["claims"] * (actor.claims != "{}")
        name = actor.label + (f" with {', '.join(parts)}" if parts else "")
        same = sum(other.partition(" (")[0] == name for other in names.values())
        names[actor] = f"{name} ({same + 1})" if same else name
    return names


def one_at_a_time(
    steps: Sequence[ScenarioStep], access: Sequence[AccessTable]
) -> tuple[tuple[ScenarioStep, ...], tuple[AccessTable, ...]]:
    """The same, where what one actor has set is empty for the next: settings last till the end."""
    seen: dict[str, None] = {}

    def alone(actor: Actor) -> Actor:
        seen.update(dict.fromkeys(name for name, _ in actor.settings))
        missing = tuple((name, "") for name in seen if name not in dict(actor.settings))
        return replace(actor, settings=(*actor.settings, *missing)) if missing else actor

    played = tuple(replace(step, actor=alone(step.actor)) for step in steps)
    measured = tuple(
        replace(table, rows=tuple(replace(row, actor=alone(row.actor)) for row in table.rows))
        for table in access
    )
    return played, measured
