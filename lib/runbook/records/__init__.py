"""The folder of one run, from its draft to its page."""
