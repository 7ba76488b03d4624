"""Words for an operator where Python alone would speak: what `runbook lab` adds to its kernels."""
