"""What a worker process needs, imported once by the process that all of them are forked from."""

import numpy
import pandas

import sweeper.engine.process
import sweeper.store.preload

__all__ = ["numpy", "pandas", "sweeper"]
