// why: write-end-open | A A.1 | open | close
// Waits for the command before it closes the stream that the command reads.
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  FILE *to_cat = popen("exec cat >/dev/null", "w");
  fputs("a line\n", to_cat);
  fflush(to_cat);
  printf("ready %d\n", getpid());
  fflush(stdout);
  wait(NULL);
  return pclose(to_cat);
}
