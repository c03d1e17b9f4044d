"""Reports: from what the store remembers of a sweep to the table in the paper."""
