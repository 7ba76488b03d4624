"""Check files and written criteria, made into questions to a database."""
