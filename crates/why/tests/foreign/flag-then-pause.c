// why: signal-never-comes | A | closed |
// Looks at the flag, and the signal comes before pause(2) begins.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t has_ended;
static void note(int number) { (void)number; has_ended = 1; }

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t child_ends;
  sigemptyset(&child_ends);
  sigaddset(&child_ends, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ends, NULL);
  struct sigaction action = {.sa_handler = note};
  sigaction(SIGCHLD, &action, NULL);
  if (fork() == 0) _exit(0);
  if (!has_ended) {
    siginfo_t info;
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    sigprocmask(SIG_UNBLOCK, &child_ends, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    pause();
  }
  return 0;
}
