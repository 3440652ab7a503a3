"""For workers that a command starts: Ctrl-C in a terminal reaches them too, but it is the command that ends them."""

from __future__ import annotations

import signal
import threading


def ignore(worker: object = None) -> None:
    """Ignore the interrupt in this process; Dask hands its worker over, joblib nothing."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


dask_setup = ignore  # the name that Dask looks for in a module it loads into its workers
