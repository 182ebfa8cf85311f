# why: lock-cycle | A A.1 A.2 | open | same semaphores in different orders
"""Two processes take two locks in different orders. The parent has both locks
too, but it holds none of them."""
import ctypes, multiprocessing, os, signal

ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def worker(first, second, ready):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    with first:
        ready.wait()
        with second:
            pass


fork = multiprocessing.get_context("fork")
a, b = fork.Lock(), fork.Lock()


class Meeting:
    """The parent lets both go on when both have their first lock."""

    def __init__(self):
        self.come, self.go = os.pipe(), os.pipe()

    def wait(self):
        os.write(self.come[1], b"x")
        os.read(self.go[0], 1)

    def hold(self):
        for _ in range(2):
            os.read(self.come[0], 1)
        os.write(self.go[1], b"xx")


meeting = Meeting()
orders = [(a, b, meeting), (b, a, meeting)]
workers = [fork.Process(target=worker, args=order) for order in orders]
for one in workers:
    one.start()
meeting.hold()
print("ready", os.getpid(), flush=True)
for one in workers:
    one.join()
