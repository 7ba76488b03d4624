"""How secrets are known: the rules that `redact` goes by."""
