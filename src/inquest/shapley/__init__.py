"""The Shapley chapter: whom it values, and what it says of the values."""
