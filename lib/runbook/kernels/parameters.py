"""A notebook's parameters, checked before a kernel starts.

papermill only warns about an unknown name, turns "false" into a string and 001 into 1, and writes
every value into the archived notebook. So the tagged cell is read as a table of typed defaults,
and what does not fit it, or must not be written down, is refused while nothing has happened yet.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Refused
from ..redact import find_secrets

TAG = "parameters"
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_BOOLEANS = {"true": True, "false": False}


def defaults(notebook: Path) -> dict[str, Any]:
    """The names and default values in the cell tagged `parameters`, in its order.

    Raises:
        Refused: the file is no notebook, or the cell holds anything but `name = literal`.
    """
    cells = [
        cell
        for cell in _cells(notebook)
        if cell.get("cell_type") == "code" and TAG in cell.get("metadata", {}).get("tags", [])
    ]
    if not cells:
        return {}
    if len(cells) > 1:
        raise _unfit(notebook, "two cells are tagged `parameters`")
    try:
        body = ast.parse(_source(cells[0])).body
    except (SyntaxError, ValueError) as error:
        raise _unfit(notebook, f"the parameters cell is not valid Python ({error})") from None
    found: dict[str, Any] = {}
    for statement in body:
        name, value = _assignment(notebook, statement)
        if name in found:
            raise _unfit(notebook, f"`{name}` is set twice in the parameters cell")
        found[name] = value
    return found


def check_parameters(notebook: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values, each in the type of its default. Nothing is run and nothing is written.

    Text stays text for a text default ("001" is not 1); text is read as true/false, a number, a
    list or a mapping (both as JSON) only where the default is one. None as default takes anything.

    Args:
        notebook: the .ipynb file.
        given: name to value; values from a command line are text.

    Raises:
        Refused: an unknown name, a value of another type, or a secret in a value, a default or
            any cell. The message names the place, never the secret.
    """
    known = defaults(notebook)
    for number, cell in enumerate(_cells(notebook), start=1):
        no_secret_in_source(number, _source(cell))
    for name, value in (*known.items(), *given.items()):
        _no_secret(name, value)
    return {name: _typed(notebook, known, name, value) for name, value in given.items()}


def no_secret_in_source(number: int, source: str) -> None:
    """Refuse a cell (counted from 1, prose included) that holds a secret."""
    found = find_secrets(source)
    if found:
        raise Refused(
            f"Cell {number} of the notebook holds a secret ({found[0]}), and the notebook would be "
            "archived with it.",
            remedy="Take it out, and change it: it may be in the repository's history. Targets "
            "are named as service=NAME, env:VAR or mcp:REF.",
        )


def _cells(notebook: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    except FileNotFoundError:
        raise Refused(
            f"There is no notebook {notebook}.",
            remedy="Check the phase's `notebook` in plan.toml, and --project.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unfit(notebook, f"it cannot be read as a notebook ({error})") from None


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _assignment(notebook: Path, statement: ast.stmt) -> tuple[str, Any]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            pass
        case _:
            raise _unfit(
                notebook, f"line {statement.lineno} of the parameters cell is not `name = literal`"
            )
    try:
        return name, ast.literal_eval(value)
    except (ValueError, TypeError):
        raise _unfit(
            notebook, f"`{name}` in the parameters cell is computed; it must be a literal"
        ) from None


def _typed(notebook: Path, known: Mapping[str, Any], name: str, value: Any) -> Any:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise Refused(
            f"{notebook.name} has no parameter `{name}`.",
            remedy=(f"Did you mean `{near[0]}`? " if near else "")
            + (f"It has: {', '.join(known)}." if known else "It takes none."),
        )
    default = known[name]
    kind = type(default)
    read = _read(value, default)
    if default is None or type(read) is kind:
        return read
    wanted = _KINDS.get(kind, f"a {kind.__name__}, written as JSON")
    raise Refused(
        f"Parameter `{name}` of {notebook.name} must be {wanted}, not {value!r}.",
        remedy=f"Its default is {default!r}.",
    )


def _read(value: Any, default: Any) -> Any:
    """`value` in the type of `default` where it can be read so without guessing."""
    match default:
        case bool():
            return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value
        case int():
            whole = isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,300}", value)
            return int(value) if whole else value
        case float():
            if isinstance(value, bool):
                return value
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):
                return value
            return number if math.isfinite(number) else None
        case list() | tuple() | dict():
            if isinstance(value, str):
                try:
                    value = json.loads(value)
                except ValueError:
                    return value
            return tuple(value) if isinstance(default, tuple) and isinstance(value, list) else value
    return value


def _no_secret(name: str, value: Any) -> None:
    found = find_secrets(f"{name}={value!r}") or [
        kind for text in _texts(value) for kind in find_secrets(text)
    ]
    if found:
        raise Refused(
            f"Parameter `{name}` holds a secret ({found[0]}). Parameters are written into the "
            "archived notebook, so it was refused before anything was written.",
            remedy="Name the target as service=NAME (pg_service.conf and .pgpass) or env:VAR "
            "(a variable that holds the conninfo). If the value was typed on a command line, it "
            "may stand in the shell's history.",
        )


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case Mapping():
            pairs = [f"{key}={item}" for key, item in value.items() if isinstance(item, str)]
            return pairs + [text for item in value.values() for text in _texts(item)]
        case list() | tuple() | set():
            return [text for item in value for text in _texts(item)]
    return []


def _unfit(notebook: Path, what: str) -> Refused:
    return Refused(
        f"{notebook.name}: {what}.",
        remedy="The parameters cell holds literals only, one `name = value` a line.",
    )
