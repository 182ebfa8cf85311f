// why: healthy | nobody | open |
// A virtual machine outside raises the eventfd as soon as its program runs; nobody but the tree has the eventfd as a descriptor.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* out 0x10, al; hlt */
static const unsigned char program[] = { 0xe6, 0x10, 0xf4 };

static void run(int machine)
{
#ifdef __x86_64__
	struct kvm_sregs segments;
	struct kvm_regs registers = { .rip = 0x1000, .rflags = 2 };
	void *memory = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = 0x1000, .memory_size = 0x1000, .userspace_addr = (uintptr_t)memory,
	};

	memcpy(memory, program, sizeof program);
	ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region);
	int cpu = ioctl(machine, KVM_CREATE_VCPU, 0);
	ioctl(cpu, KVM_GET_SREGS, &segments);
	segments.cs.base = 0;
	segments.cs.selector = 0;
	ioctl(cpu, KVM_SET_SREGS, &segments);
	ioctl(cpu, KVM_SET_REGS, &registers);
	ioctl(cpu, KVM_RUN, 0);
#endif
}

int main(int count, char **words)
{
	struct kvm_ioeventfd event = { .addr = 0x10, .len = 1, .flags = KVM_IOEVENTFD_FLAG_PIO };
	uint64_t number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	event.fd = eventfd(0, EFD_CLOEXEC);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		read(event.fd, &number, sizeof number);
		return 0;
	}
#ifndef __x86_64__
	printf("cannot: the program is for another processor\n");
	return 0;
#endif
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int machine = ioctl(kvm, KVM_CREATE_VM, 0);
	if (machine < 0 || ioctl(machine, KVM_IOEVENTFD, &event)) {
		printf("cannot: %s\n", strerror(errno));
		return 0;
	}
	close(event.fd);
	close(kvm);
	int process = syscall(SYS_pidfd_open, tree, 0);
	struct pollfd end = { .fd = process, .events = POLLIN };
	printf("ready %d\n", tree);
	fflush(stdout);
	/* A word sets the program off at once. */
	poll(&end, 1, count > 1 ? 500 : 60000);
	run(machine);
	return poll(&end, 1, 60000) != 1;
}
