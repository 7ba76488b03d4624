"""Servers as they are met outside: ways there, what stands in between, whose the objects are."""
