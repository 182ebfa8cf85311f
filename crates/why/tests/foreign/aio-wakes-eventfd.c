// why: healthy | nobody | open |
// The kernel has been asked to raise the eventfd when a timer runs out, and nothing else shows that it will.
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int main(void)
{
	struct itimerspec minute = { .it_value = { .tv_sec = 60 } };
	struct iocb ask = { .aio_lio_opcode = IOCB_CMD_POLL };
	struct iocb *all = &ask;
	aio_context_t context = 0;
	uint64_t count;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	int event = eventfd(0, 0);
	timerfd_settime(timer, 0, &minute, NULL);
	ask.aio_fildes = timer;
	ask.aio_buf = POLLIN;
	ask.aio_flags = IOCB_FLAG_RESFD;
	ask.aio_resfd = event;
	if (syscall(SYS_io_setup, 4, &context) || syscall(SYS_io_submit, context, 1, &all) != 1) {
		perror("io_submit");
		return 1;
	}
	close(timer);
	printf("ready %d\n", getpid());
	fflush(stdout);
	read(event, &count, sizeof count);
	return 0;
}
