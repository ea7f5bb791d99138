"""Runs the checks on manifests and clusters: which rules, on what, what is excepted or known, and how it is told."""
