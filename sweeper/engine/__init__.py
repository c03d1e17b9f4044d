"""The engines: what executes instances, in this process or in many."""
