"""Texts: sources, encoder, training, and what the classifier gets wrong."""
