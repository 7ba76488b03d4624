"""The typed name: what a protected target asks of whoever sits in front of it.

The box only keeps what was typed; the next state-changing cell compares it with the name of the
database, and goes on or refuses. Run All therefore stops at the first of them. Headless runs have
the plan token instead: nobody sits there to type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import show
from ..errors import NotApproved
from .view import environment_of

if TYPE_CHECKING:
    from ..target import Identity, Target


class Confirmation:
    """What was typed, for one target in one kernel."""

    def __init__(self, target: Target, identity: Identity) -> None:
        self._target, self._identity = target, identity
        self._box: Any = None

    @property
    def asked(self) -> bool:
        """Whether this target asks for it here."""
        return self._target.protected and show.interactive()

    @property
    def given(self) -> bool:
        """Whether the name in the box is the database's."""
        return self._box is not None and self._box.value.strip() == self._identity.database

    def ask(self) -> Box | show.Text:
        """Show the box, or why there is none."""
        if not self._target.protected:
            return show.Text(
                "Not asked for: this is the embedded server, which can be thrown away."
            )
        if not show.interactive():
            return show.Text("Not asked for: nobody sits here; the plan token is the approval.")
        if self.given:
            return show.Text(f"Confirmed: {self._identity.database}.")
        return Box(self._words(), self._new_box())

    def require(self) -> None:
        """Compare the typed name; asked by each cell that is about to change the database.

        Raises:
            NotApproved: nothing was typed, or another name; the box is shown.
        """
        if not self.asked or self.given:
            return
        typed = self._box.value.strip() if self._box is not None else ""
        show.display(Box(self._words(), self._new_box()))
        raise NotApproved(
            f"{self._target.name} is {environment_of(self._target)}, and"
            + (" another name than the database's was typed." if typed else " asks for its name."),
            remedy="Type the name of the database into the box above this message, press Enter,"
            " and run this cell again.",
        )

    def _words(self) -> str:
        return (
            f"{environment_of(self._target)}: the next cells change the database"
            f" {self._identity.database} ({self._target.name}). Type its name to confirm."
        )

    def _new_box(self) -> Any:
        import ipywidgets

        self._box = ipywidgets.Text(
            description="Name of the database:",
            placeholder="type it, then press Enter",
            continuous_update=True,
            style={"description_width": "initial"},
            layout={"width": "28em", "max_width": "100%"},
        )
        return self._box


class Box:
    """The question, and the box for its answer."""

    def __init__(self, question: str, box: Any) -> None:
        self._question, self._box = question, box

    def __repr__(self) -> str:
        return self._question

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(show.Text(self._question))
        display(self._box)
