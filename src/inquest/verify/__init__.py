"""Grading by rerun: what a study gave is written down once, and a rerun is held against it."""
