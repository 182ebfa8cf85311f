// why: healthy | nobody | open |
// A ring has been asked to write into the pipe after a minute. Its descriptor is closed; only its memory is left.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct __kernel_timespec minute = { .tv_sec = 60 };

int main(void)
{
	struct io_uring_params params = { 0 };
	int ends[2];
	char byte = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0 || pipe(ends)) {
		/* The machine forbids rings: then there is nothing to be missed. */
		printf("cannot: %s\n", strerror(errno));
		return 0;
	}
	char *queue = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned),
			   PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *calls = mmap(NULL, params.sq_entries * sizeof *calls,
					  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (queue == MAP_FAILED || calls == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	memset(calls, 0, 2 * sizeof *calls);
	calls[0].opcode = IORING_OP_TIMEOUT;
	calls[0].fd = -1;
	calls[0].addr = (uintptr_t)&minute;
	calls[0].len = 1;
	calls[0].flags = IOSQE_IO_HARDLINK;
	calls[1].opcode = IORING_OP_WRITE;
	calls[1].fd = ends[1];
	calls[1].addr = (uintptr_t)&byte;
	calls[1].len = 1;
	unsigned *places = (unsigned *)(queue + params.sq_off.array);
	places[0] = 0;
	places[1] = 1;
	*(unsigned *)(queue + params.sq_off.tail) += 2;
	if (syscall(SYS_io_uring_enter, ring, 2, 0, 0, NULL, 0) != 2) {
		perror("io_uring_enter");
		return 1;
	}
	close(ring);
	printf("ready %d\n", getpid());
	fflush(stdout);
	read(ends[0], &byte, 1);
	return 0;
}
