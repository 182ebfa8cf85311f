// why: lock-cycle | A | open | the unlock must come before the join
// Joins a thread that waits for the mutex which the joining one has.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *locks(void *nothing) {
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return nothing;
}

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pthread_t thread;
  pthread_mutex_lock(&mutex);
  pthread_create(&thread, NULL, locks, NULL);
  printf("ready %d\n", getpid());
  fflush(stdout);
  pthread_join(thread, NULL);
  pthread_mutex_unlock(&mutex);
  return 0;
}
