# why: private-futex | A A.1 A.2 | either |
"""A pool is forked while a thread holds a lock: the workers have the lock, and
not the thread that would give it back. A thread of the pool polls a pipe of its
own process, and Python handles SIGINT: as an event loop that a signal may
still wake, unless the tree is closed."""
import ctypes, multiprocessing, os, signal, threading

end_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
lock = threading.Lock()


def work(item):
    with lock:
        return item * item


if __name__ == "__main__":
    end_with_parent()
    held, forked = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            forked.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    pool = multiprocessing.Pool(2, initializer=end_with_parent)
    forked.set()
    holder.join()
    print("ready", os.getpid(), flush=True)
    print(pool.map(work, [1, 2], chunksize=1))
