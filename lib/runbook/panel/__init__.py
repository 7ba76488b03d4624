"""The operator's seat: where am I, what is done, what runs, what is next, may I stop it.

    steps      the map of a phase: the state of each stage, read from the ledger
    view       everything the panel says, as one frozen value
    running    what a cell is doing at this moment, and what an interrupt would leave behind
    server     the server's side of it: index builds, blockers
    words      a view as text, for people who read and for machines that compare
    markup     the same view as HTML, for people who look
    live       the widget: redrawn from a thread with a connection of its own while a cell runs
    clock      moves while the page follows; a page where it stands still is a picture
    confirm    the typed name of a protected database
    handover   the card for whoever takes over
    schema, timeline, grid    the pictures

Nothing in here changes a database.
"""
