"""All that a study found about each training row, side by side."""
