"""The names of the notebooks that every project has."""

BASELINE = "00_baseline.ipynb"
VALIDATION = "03_system_validation.ipynb"
FLEET = "08_fleet.ipynb"
ROLLBACK = "09_rollback.ipynb"
TUTORIAL = "10_tutorial.ipynb"
