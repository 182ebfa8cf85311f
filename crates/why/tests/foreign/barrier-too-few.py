# why: wait-cycle | A A.1 A.2 | open |
"""A barrier for three, to which two come."""
import ctypes, multiprocessing, os, signal

end_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def come(barrier):
    end_with_parent()
    barrier.wait()


if __name__ == "__main__":
    end_with_parent()
    barrier = multiprocessing.Barrier(3)
    members = [
        multiprocessing.Process(target=come, args=(barrier,)) for _ in range(2)
    ]
    for member in members:
        member.start()
    print("ready", os.getpid(), flush=True)
    for member in members:
        member.join()
