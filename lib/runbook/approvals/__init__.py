"""Who approved what: what a plan token covers, in words, and the second person."""
