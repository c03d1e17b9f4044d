"""Everything about one run or one sweep, what sets two apart, and the list of all."""
