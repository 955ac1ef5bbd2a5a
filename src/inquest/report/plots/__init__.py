"""The figures, a module for each chapter; every function writes one SVG."""
