"""Tables: rows that answer a question, and what they look like in each format."""
