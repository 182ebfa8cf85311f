# why: healthy | nobody | open |
"""The one that would answer is frozen with its cgroup, which somebody may thaw."""
import ctypes, os, signal, sys

end_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def mount():
    for line in open("/proc/self/mountinfo"):
        before, _, behind = line.partition(" - ")
        if behind.startswith("cgroup2 "):
            return before.split()[4]
    raise OSError("no cgroup2 is mounted")


signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
try:
    group = f"{mount()}/hang-{os.getpid()}"
    os.mkdir(group)
    open(f"{group}/cgroup.freeze", "w").close()
except OSError as error:
    print("cannot:", error)
    sys.exit()
ends = [os.pipe() for _ in range(3)]
tree = os.fork()
if tree == 0:
    end_with_parent()
    answerer = os.fork()
    if answerer == 0:
        end_with_parent()
        open(f"{group}/cgroup.procs", "w").write(str(os.getpid()))
        os.write(ends[0][1], b"x")
        os.read(ends[1][0], 1)
        os.write(ends[2][1], b"x")
        os._exit(0)
    os.read(ends[0][0], 1)
    open(f"{group}/cgroup.freeze", "w").write("1")
    while "frozen 1" not in open(f"{group}/cgroup.events").read():
        os.sched_yield()
    os.write(ends[1][1], b"x")
    print("ready", os.getpid(), flush=True)
    os.read(ends[2][0], 1)
    os._exit(0)
for pair in ends:
    os.close(pair[0])
    os.close(pair[1])
signal.sigwait([signal.SIGTERM, signal.SIGCHLD])
os.kill(tree, signal.SIGKILL)
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
os.rmdir(group)
