"""Many databases through the same notebooks: in waves, each approved once, on Dask."""
