// why: lock-cycle | A A.1 | open |
// Two threads of a child take two mutexes in different order.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_have_one;

static void *other(void *unused) {
  pthread_mutex_lock(&b);
  pthread_barrier_wait(&both_have_one);
  pthread_mutex_lock(&a);
  return unused;
}

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_barrier_init(&both_have_one, NULL, 2);
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    pthread_mutex_lock(&a);
    pthread_barrier_wait(&both_have_one);
    pthread_mutex_lock(&b);
    _exit(0);
  }
  printf("ready %d\n", getpid());
  fflush(stdout);
  waitpid(child, NULL, 0);
  return 0;
}
