"""What a renaming moves along: the same things under a new name, and what mentions the name."""

from __future__ import annotations

import json
import re

from ..catalog import Change, Definition
from .book import Promise

# What the server writes back in its own words, and words anew when a name in it changes.
REWORDED = frozenset({"view", "materialized view", "rule", "function"})


class Renaming:
    """The new names of one file, held against the changes that it made."""

    def __init__(self, promised: list[Promise], changes: list[Change]) -> None:
        pairs: list[tuple[str, str]] = []
        for promise in promised:
            if "renamed_from" in promise.properties:
                pairs += zip(promise.properties["renamed_from"], promise.names, strict=True)
            pairs += promise.properties.get("renamed_labels", ())
        self.patterns = [
            (re.compile(rf"\b{re.escape(before)}\b"), after)
            for before, after in pairs
            if before != after
        ]
        self.before = {self._settled(each, each.old) for each in changes if each.old is not None}
        self.after = {self._settled(each, each.new) for each in changes if each.new is not None}

    def covers(self, change: Change) -> bool:
        """Whether nothing is different but names that the file changes."""
        if not self.patterns:
            return False
        if change.change == "removed":
            return self._settled(change, change.old) in self.after
        if change.change == "added":
            return self._settled(change, change.new) in self.before
        return self._settled(change, change.old) == self._settled(change, change.new)

    def _settled(self, change: Change, definition: Definition | None) -> str:
        """An object with every name that the file changes replaced by the one it ends with.

        Texts that the server words anew after a renaming (`m as n` in a view) are left out.
        """
        plain = dict(definition or {})
        if change.kind in REWORDED:
            plain = {key: plain[key] for key in plain if key not in {"definition", "body"}}
        text = json.dumps([change.kind, change.names, plain], sort_keys=True, ensure_ascii=False)
        for pattern, name in self.patterns:
            text = pattern.sub(lambda _, name=name: name, text)
        return text
