"""What a rollback takes away, keeps and brings back."""
