"""inquest: what made this model what it is?"""

__version__ = "0.1.0"
