"""Trying things on a scenario's rows where no transaction stays open between two tries.

Access, foreign keys and calls are tried one statement after the other, each chosen by what came of
the one before. Over MCP such a line of tries is a strand: it runs as on a direct connection, and
where it needs an answer that is not known yet, it goes on with a guess. What all strands have asked
for goes into one text, which plays the scenario anew, tries each of them in a savepoint of its own
and takes everything back; then the strands run again from their beginning, until none guesses.

Rows have other keys and places in every playing. So the strands never see them: they see tokens,
by which the text puts in what the row has in its own playing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from ..scenarios import actor as actors
from ..scenarios.actor import Actor
from . import block
from .connection import as_error, loaded

OWNER = actors.parse("owner")
XID = "@runbook:xid:0:0@"
PLACE = (1, 2)  # a row of a ground: how many there are, its table and place, then its columns
_TOKEN = re.compile(r"'@runbook:(\w+):(\d+):(\d+)@'")
_ROUNDS = 150

Answer = tuple[list[tuple[Any, ...]], int, psycopg.Error | None]


@dataclass(frozen=True)
class Attempt:
    """One statement as one actor, taken back.

    Fields:
        then: a look by the owner, before it is taken back; "" for none.
        constraints: whether deferred constraints are asked before the look.
        hides: whether row-level security hides rows (or is an error where it would).
        later: once the scenario itself is taken back.
        among: of a look, by which of its columns the answer's rows are known again; None: they are
            told as they are.
    """

    sql: str
    actor: Actor = OWNER
    then: str = ""
    constraints: bool = False
    hides: bool = False
    later: bool = False
    among: tuple[Attempt, tuple[int, ...]] | None = None


@dataclass
class Known:
    """What has come out so far: answers, and the looks whose rows are told as tokens.

    Fields:
        looks: in order; each is run in every playing.
        values: of each look, its rows in the playing that `answers` were last taken from.
        guessed: what the strand that runs now would have to know.
    """

    answers: dict[Attempt, Answer] = field(default_factory=dict)
    looks: list[Attempt] = field(default_factory=list)
    values: list[list[list[str | None]]] = field(default_factory=list)
    guessed: dict[Attempt, None] = field(default_factory=dict)

    def answer(self, attempt: Attempt) -> Answer:
        """What came of it; nothing, as a guess, of what was not tried yet.

        With a guess a strand goes on to what it will ask next in most cases, so that one playing
        answers as much as it can. What it returns then counts for nothing.
        """
        if attempt not in self.answers:
            self.guessed[attempt] = None
            return [], 0, None
        return self.answers[attempt]

    def tokens(self, look: Attempt) -> list[tuple[str, ...]]:
        """The rows of a look, as tokens that stand for their values in each playing."""
        rows, _, error = self.answer(look)
        if error is not None:
            raise error
        if look not in self.looks and look in self.answers:
            self.looks.append(look)
        place = self.looks.index(look) if rows else -1
        return [
            tuple(f"@runbook:{place}:{at}:{column}@" for column in range(len(row)))
            for at, row in enumerate(rows)
        ]


@dataclass
class Strand:
    """One line of tries, shaped as far as `trial`, `keys` and `calls` use a connection.

    Fields:
        known: shared by all strands.
        actor: who tries.
        among, constraints, later: as for Attempt.
        tells_tokens: whether execute() tells texts as tokens.
        outside: asks what the scenario does not change, without playing it.
    """

    known: Known
    actor: Actor = OWNER
    among: tuple[Attempt, tuple[int, ...]] | None = None
    constraints: bool = False
    later: bool = False
    tells_tokens: bool = False
    outside: Callable[[str], list[tuple[Any, ...]]] | None = None
    closed = broken = False

    def tries(self, statement: Any, then: Any = None) -> Answer:
        """Run a statement, perhaps look, and take it back: rows, count, error."""
        attempt = Attempt(
            _text(statement), self.actor, _text(then), self.constraints,
            hides=not self.constraints, among=self.among,
        )  # fmt: skip
        return self.known.answer(attempt)

    def looks(self, statement: Any) -> list[tuple[Any, ...]]:
        """Rows that the owner sees; texts among them as tokens."""
        look = Attempt(_text(statement))
        tokens = self.known.tokens(look)
        rows = self.known.answer(look)[0]
        return [
            tuple(t if isinstance(value, str) else value for t, value in zip(ts, row, strict=True))
            for ts, row in zip(tokens, rows, strict=True)
        ]

    def execute(self, statement: Any, parameters: Any = None) -> _Rows:
        """Ask something as the owner, in the scenario's own transaction."""
        if self.tells_tokens:
            return _Rows(self.looks(statement))
        sql = block.bound(_text(statement), parameters)
        if self.outside:
            return _Rows(self.outside(sql))
        rows, _, error = self.known.answer(Attempt(sql, later=self.later, among=self.among))
        if error is not None:
            raise error
        return _Rows(rows)

    @contextmanager
    def transaction(self, **_: bool) -> Iterator[None]:
        """Every try is taken back by itself."""
        yield


class _Rows(list[tuple[Any, ...]]):
    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self)

    def fetchone(self) -> tuple[Any, ...] | None:
        return self[0] if self else None


def run(
    strands: Callable[[], Sequence[Callable[[], Any]]],
    known: Known,
    play: Callable[[Sequence[Attempt], Sequence[Attempt]], dict[str, Any]],
) -> list[Any]:
    """Run all strands to their end.

    Args:
        strands: gives them, as far as they are known by now; each is called from its beginning.
        play: plays the scenario with looks and attempts, in this order; gives the block's answer.

    Returns:
        What each strand returned; an error that it raised stands in its place.
    """
    for _ in range(_ROUNDS):
        results, known.guessed = [], {}
        asking = strands()
        waiting = known.guessed
        for strand in asking:
            known.guessed = {}
            try:
                result = strand()
            except Exception as error:
                # After a guess anything may go wrong; without one only the server's words count.
                if not known.guessed and not isinstance(error, psycopg.Error):
                    raise
                result = error
            results.append(result)
            waiting |= known.guessed
        if not waiting:
            return results
        # Those that come when the scenario is taken back are answered last.
        asked = sorted(waiting, key=lambda attempt: attempt.later)
        _take(known, asked, play(known.looks, asked))
    raise psycopg.OperationalError(f"over MCP: not through after {_ROUNDS} playings")


def _take(known: Known, waiting: Sequence[Attempt], answer: dict[str, Any]) -> None:
    known.values = answer["looks"]
    for attempt, said in zip(waiting, answer["tried"], strict=True):
        error = as_error(said["error"]) if "error" in said else None
        rows = [tuple(row) for row in said.get("rows") or []]
        if attempt.among is None:
            rows = loaded(rows, said.get("types"))
        else:
            again = _again(known, *attempt.among)
            rows = [again.get(row, row) for row in rows]
        known.answers[attempt] = (rows, said.get("count") or 0, error)


def _again(
    known: Known, look: Attempt, columns: tuple[int, ...]
) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """What these columns, and the places, of a look's rows are in the last playing, and their
    tokens."""
    place = known.looks.index(look)
    return {
        tuple(row[at] for at in chosen): tuple(f"@runbook:{place}:{number}:{at}@" for at in chosen)
        for number, row in enumerate(known.values[place])
        for chosen in {columns, PLACE}
    }


def _text(statement: Any) -> str:
    if statement is None:
        return ""
    text = statement if isinstance(statement, str) else statement.as_string(None)
    return text.strip().removesuffix(";")


def expression(sql: str) -> str:
    """A statement as an expression of PL/pgSQL, with each token's value in this playing put in."""
    parts, at = [], 0
    for found in _TOKEN.finditer(sql):
        place = f"looks #>> '{{{found[1]},{found[2]},{found[3]}}}'"
        value = "own_xid" if found[1] == "xid" else place
        parts += [block.literal(sql[at : found.start()]), f"quote_nullable({value})"]
        at = found.end()
    return " || ".join([*parts, block.literal(sql[at:])])
