"""The measured claims: each a script that prints its ratio against something run beside it."""
