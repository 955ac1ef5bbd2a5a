"""The quality chapter: whether values find wrong labels, and tell which rows a model can do without."""
