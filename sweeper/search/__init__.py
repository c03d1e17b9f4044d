"""The searches: what proposes points and is told outcomes."""
