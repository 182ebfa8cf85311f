# why: queue-empty | A | closed | event loop
"""A task awaits an event that nobody sets. The loop listens to its own socket
only, by which threads and signal handlers could wake it."""
import asyncio, ctypes, os, signal

ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


async def main():
    print("ready", os.getpid(), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
