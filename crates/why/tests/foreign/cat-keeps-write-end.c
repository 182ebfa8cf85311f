// why: write-end-open | A A.1 | open | close(4)
// The child executes cat(1) with the write end of its own input open.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  closefrom(3);
  int ends[2];
  pipe(ends);
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[0], 0);
    dup2(2, 1);
    close(ends[0]);
    execlp("cat", "cat", (char *)NULL);
    _exit(127);
  }
  close(ends[0]);
  close(ends[1]);
  printf("ready %d\n", getpid());
  fflush(stdout);
  wait(NULL);
  return 0;
}
