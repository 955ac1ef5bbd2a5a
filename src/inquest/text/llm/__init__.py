"""A large language model labels the texts: its prompts, the model or an endpoint, and the comparison."""
