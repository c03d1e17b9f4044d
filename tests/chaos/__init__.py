"""What tries to break sweeper; ``python -m tests.chaos`` does it at full size and writes down what came of it."""
