"""The scratch copy of a target on which migrations are tried before they touch it."""
