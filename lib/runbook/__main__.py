"""`python -m runbook`."""

import sys

from .cli import main

if __name__ == "__main__":  # a Dask worker's process imports this module again
    sys.exit(main())
