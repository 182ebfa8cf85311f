// why: healthy | nobody | open |
// A thread of glibc reads the timer, and the process waits for that thread in aio_suspend.
#define _GNU_SOURCE
#include <aio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

int main(void)
{
	struct itimerspec minute = { .it_value = { .tv_sec = 60 } };
	char bytes[8];
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	struct aiocb ask = { .aio_fildes = timer, .aio_buf = bytes, .aio_nbytes = sizeof bytes };
	const struct aiocb *all[] = { &ask };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	timerfd_settime(timer, 0, &minute, NULL);
	if (aio_read(&ask)) {
		perror("aio_read");
		return 1;
	}
	printf("ready %d\n", getpid());
	fflush(stdout);
	return aio_suspend(all, 1, NULL);
}
