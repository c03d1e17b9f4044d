"""Small pipelines to run tests on, each a module that a spec can name."""
