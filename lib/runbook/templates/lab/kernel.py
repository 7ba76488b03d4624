# `runbook lab` has every kernel run this first (PYTHONSTARTUP); the names do not stay.
try:
    from runbook.guide.missing_names import install as _install
except ImportError:  # a kernel of another environment
    pass
else:
    _install()
    del _install
