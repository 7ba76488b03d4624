"""Notebooks under papermill: kernels, parameters, and how a run ended."""
