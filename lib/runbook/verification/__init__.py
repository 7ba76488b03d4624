"""What verify looks at beside the promises themselves."""
