"""What a scenario consists of, and the ground on which access is measured."""
