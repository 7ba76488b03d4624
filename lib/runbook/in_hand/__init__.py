"""What the notebooks hold in their hand."""
