"""What a classifier of texts gets wrong: the sheet of its errors, what people say of them, and their map."""
