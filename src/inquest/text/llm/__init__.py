"""A large language model labels the texts: its prompts, the model itself or an endpoint, and the comparison."""
