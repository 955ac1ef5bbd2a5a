"""What is unusual about training rows, and what that says of their influence."""
