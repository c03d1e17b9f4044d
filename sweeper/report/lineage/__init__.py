"""Where results come from: what they were made from, by which code, from which data."""
