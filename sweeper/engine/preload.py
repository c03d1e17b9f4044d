"""What a worker process needs, imported once by the process that all of them are forked from."""

import gc
import signal

from sweeper.engine.keeper import end_with_parent

end_with_parent(signal.SIGKILL)  # until it looks for the end of its driver itself

import numpy  # noqa: E402
import pandas  # noqa: E402

import sweeper.engine.process  # noqa: E402
import sweeper.store.preload  # noqa: E402

end_with_parent(0)
gc.freeze()  # a collection in a worker writes to all that it looks through, and so would make a copy of it

__all__ = ["numpy", "pandas", "sweeper"]
