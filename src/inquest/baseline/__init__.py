"""The baseline chapter: which classifiers were compared, and how they did."""
