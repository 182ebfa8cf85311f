// why: healthy | nobody | open |
// Somebody outside has closed the ring that has the write end, and has it mapped: it writes when the gate opens.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct io_uring_params params = { 0 };
	int ends[2], gate[2];
	char byte = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pipe(ends);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		read(ends[0], &byte, 1);
		return 0;
	}
	pipe(gate);
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0 || syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &ends[1], 1)) {
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
	calls[0].opcode = IORING_OP_POLL_ADD;
	calls[0].fd = gate[0];
	calls[0].poll32_events = POLLIN;
	calls[0].flags = IOSQE_IO_LINK;
	calls[1].opcode = IORING_OP_WRITE;
	calls[1].fd = 0;
	calls[1].flags = IOSQE_FIXED_FILE;
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
	close(ends[0]);
	close(ends[1]);
	int process = syscall(SYS_pidfd_open, tree, 0);
	printf("ready %d\n", tree);
	fflush(stdout);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	write(gate[1], "y", 1);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	return 0;
}
