// why: | | either |
// The parent collects its worker, which waits at a pipe that the worker has
// open too; a handler of the parent ends it. Whoever may send the signal may
// move both.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t worker;

static void stop(int number) {
    (void)number;
    kill(worker, SIGKILL);
}

int main(void) {
    int ends[2];
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pipe(ends) == 0 && (worker = fork()) == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return read(ends[0], &byte, 1) < 0;
    }
    signal(SIGHUP, stop);
    printf("ready %d\n", getpid());
    fflush(stdout);
    return waitpid(worker, NULL, 0) < 0;
}
