"""Database migrations as a Jupyter runbook."""
