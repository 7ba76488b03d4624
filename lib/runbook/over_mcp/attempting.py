"""The PL/pgSQL of one try: as whom, what, and that it is taken back."""

from __future__ import annotations

import json

from ..scenarios import actor as actors
from ..scenarios.actor import Actor
from . import block
from .strands import Attempt, expression

NO_USER = "RB002"
_LOCK_TIMEOUT_MS = 2_000


def looked(look: Attempt) -> str:
    """A look by the owner, whose rows go into `looks`; none where it cannot be had."""
    return f"""
    begin
        {become(actors.parse("owner"))}
        perform pg_catalog.set_config('row_security', 'off', true);
        {_run(look.sql)}
        looks := looks || pg_catalog.jsonb_build_array(rows::jsonb);
    exception when others then looks := looks || '[[]]'::jsonb;
    end;"""


def tried(attempt: Attempt) -> str:
    """An attempt, which is taken back; what it gave goes into `tried`."""
    security = "on" if attempt.hides else "off"
    constraints = "execute 'set constraints all immediate';" if attempt.constraints else ""
    then = ""
    if attempt.then:
        owner = "" if attempt.constraints else "execute 'reset role';"
        then = (
            f"{owner} perform pg_catalog.set_config('row_security', 'off', true);\n"
            f"        kept := counted; {_run(attempt.then)} counted := kept;"
        )
    return f"""
    begin
        doing := 'actor'; counted := 0; rows := null; types := null;
        perform pg_catalog.set_config('row_security', '{security}', true);
        {become(attempt.actor)}
        doing := 'statement';
        {_run(attempt.sql)}
        {constraints}
        {then}
        raise sqlstate '{block.UNDO}';
    exception
        when sqlstate '{block.UNDO}' then
            tried := tried || pg_catalog.jsonb_build_object(
                'count', counted, 'rows', rows, 'types', types);
        when others then
            {block.DIAGNOSTICS}
            tried := tried || pg_catalog.jsonb_build_object('doing', doing, 'error', {block.ERROR});
    end;"""


def _run(sql: str) -> str:
    if sql.lstrip().lower().startswith("explain"):
        return (
            f"execute {expression(sql)} into first_text; types := '[114]'; counted := 1;"
            " rows := pg_catalog.json_build_array(pg_catalog.json_build_array(first_text));"
        )
    columns = block.width(sql)
    if not columns:
        return f"execute {expression(sql)}; get diagnostics counted = row_count;"
    return (
        f"execute {expression(block.as_rows(sql, columns))} into rows, types;"
        " counted := pg_catalog.json_array_length(rows);"
    )


def become(actor: Actor) -> str:
    """PL/pgSQL that puts an actor on, as actor.become() does."""
    lines = ["execute 'reset role';", "claims := '{}';"]
    request = actor.role != "owner" and not actor.own
    if request:
        lines.append(f"claims := {_json({'role': actor.role})};")
    if actor.user:
        by_uuid = not actors.is_email(actor.user)
        where = "u.id = %s::uuid" if by_uuid else "lower(u.email::text) = lower(%s)"
        lines.append(
            "select count(*), min(u.id::text), min(u.email::text) into user_count, user_id,"
            f" user_email from auth.users as u where {block.bound(where, [actor.user])};"
        )
        if by_uuid:
            known = block.literal(actor.user.lower())
            lines.append(f"user_id := coalesce(user_id, {known});")
        else:
            said = block.literal(f"{actor.user} is not in auth.users at this point of the file")
            more = block.literal(f"{actor.user} is in auth.users more than once")
            lines.append(
                f"if user_count <> 1 then raise exception using errcode = '{NO_USER}',"
                f" message = case when user_count = 0 then {said} else {more} end; end if;"
            )
        lines.append(
            "claims := claims || jsonb_build_object('sub', user_id) || case when"
            " coalesce(user_email, '') <> '' then jsonb_build_object('email', user_email)"
            " else '{}' end;"
        )
    lines.append(f"claims := claims || {block.literal(actor.claims)}::jsonb;")
    headers = ""
    if request or actor.headers:
        headers = json.dumps(dict(actor.headers), ensure_ascii=False)
    values = {
        "request.jwt.claims": "case when claims = '{}' then '' else claims::text end",
        "request.jwt.claim.sub": "coalesce(claims ->> 'sub', '')",
        "request.jwt.claim.role": "coalesce(claims ->> 'role', '')",
        "request.jwt.claim.email": "coalesce(claims ->> 'email', '')",
        "request.headers": block.literal(headers),
        "lock_timeout": f"'{_LOCK_TIMEOUT_MS}'",
    }
    values |= {name: block.literal(value) for name, value in actor.settings}
    lines += [f"perform set_config('{name}', {value}, true);" for name, value in values.items()]
    if actor.role != "owner":
        lines.append(f"execute {block.literal(actor.become)};")
    return "\n        ".join(lines)


def _json(value: dict[str, str]) -> str:
    return block.literal(json.dumps(value)) + "::jsonb"
