"""What a file promises: the objects and properties that its statements lead to."""
