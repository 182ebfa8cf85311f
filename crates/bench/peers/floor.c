/* The same work in C: the floor below which no other language gets.
 *
 *     floor measure WORK WAY COUNT SIZE SENDERS CPU[,CPU]
 *
 * prints the nanoseconds for one: a process, a round trip, a message, ... Each
 * work is what the file of its name in ../src/column/work does, call by call;
 * change both together. A result that is wrong, and a
 * call that fails, ends it with one line and exit code 1. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define MIB (1L << 20)
#define CHUNK (64 << 10)

extern char **environ;

static const char *work, *way;
static long count, size, senders;
static int cpus[2], cpu_count;

/* ------------------------------------------------ what every work needs */

static void fail(const char *attempted) {
    fprintf(stderr, "floor: %s: %s\n", attempted, strerror(errno));
    _exit(1);
}

static void wrong(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    _exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set)) fail("sched_setaffinity");
}

static int last_cpu(void) { return cpus[cpu_count - 1]; }
static int in_turns(int worker) { return cpus[(worker + 1) % cpu_count]; }
static int all_on_last(int worker) { return (void)worker, last_cpu(); }

static int ascending(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Below a microsecond the mean of the middle half: clocks tick in steps. */
static double median(int64_t *times) {
    qsort(times, count, sizeof *times, ascending);
    if (times[count / 2] >= 1000) return times[count / 2];
    long from = count / 4, to = count - count / 4;
    double sum = 0;
    for (long i = from; i < to; i++) sum += times[i];
    return sum / (to - from);
}

/* Written to before the first run: none of them pays for its pages. */
static int64_t *new_times(void) {
    int64_t *times = malloc(count * sizeof *times);
    for (long i = 0; i < count; i++) times[i] = 1;
    return times;
}

static double median_of(void (*run)(void)) {
    int64_t *times = new_times();
    long warm = (count + 2) / 3 < 3 ? (count + 2) / 3 : 3;
    for (long i = 0; i < warm; i++) run();
    for (long i = 0; i < count; i++) {
        int64_t begun = now();
        run();
        times[i] = now() - begun;
    }
    return median(times);
}

static void *shared(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) fail("mmap");
    return p;
}

static void new_pipe(int ends[2]) {
    if (pipe(ends)) fail("pipe");
}

/* A worker dies with the process that measures. */
static pid_t hire(void) {
    pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static void reap(pid_t pid) {
    int status;
    if (waitpid(pid, &status, 0) != pid) fail("waitpid");
    if (status != 0) wrong("a child ended badly");
}

static void put(int fd, const void *bytes, size_t length) {
    for (const char *rest = bytes; length > 0;) {
        ssize_t n = write(fd, rest, length);
        if (n < 0) fail("write");
        rest += n;
        length -= n;
    }
}

static void get(int fd, void *bytes, size_t length) {
    if (read(fd, bytes, length) != (ssize_t)length) wrong("another message came than was sent");
}

/* The letter of a process's state: one open, one read, one close. 0 if there
 * is no such process. */
static char state_of(const char *path) {
    char line[1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = read(fd, line, sizeof line - 1);
    close(fd);
    if (length <= 0) return 0;
    line[length] = 0;
    char *name_ends = strrchr(line, ')');
    return name_ends ? name_ends[2] : 0;
}

static void until_blocked(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (char state; (state = state_of(path)) != 'S'; sched_yield())
        if (state == 0 || state == 'Z') wrong("a child did not wait");
}

/* Workers wait for the end of file of a pipe that only the parent can end,
 * each on its CPU already: who moved behind the gate would begin late. */
static int gate[2], roll_call[2];
static pid_t crew[64];

static int at_gate(int workers, int (*cpu_of)(int)) { /* the worker's number, or -1 in the parent */
    char all[64];
    new_pipe(gate);
    new_pipe(roll_call);
    for (int i = 0; i < workers; i++) {
        if ((crew[i] = hire()) == 0) {
            char byte;
            close(gate[1]);
            pin(cpu_of(i));
            put(roll_call[1], "!", 1);
            if (read(gate[0], &byte, 1) != 0) wrong("the gate is no gate");
            return i;
        }
    }
    close(roll_call[1]);
    for (int came = 0; came < workers;) {
        ssize_t n = read(roll_call[0], all, workers - came);
        if (n <= 0) wrong("a worker went away");
        came += n;
    }
    return -1;
}

static void begin(void) { close(gate[1]); }
static void reap_crew(int workers) {
    for (int i = 0; i < workers; i++) reap(crew[i]);
}

/* The kind of the lesson: misuse is an error. */
static pthread_mutex_t *new_mutex(int kind) {
    pthread_mutex_t *mutex = shared(sizeof *mutex);
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_settype(&a, kind);
    if (pthread_mutex_init(mutex, &a)) wrong("cannot make a mutex");
    return mutex;
}

static sem_t *new_semaphore(unsigned start) {
    sem_t *semaphore = shared(sizeof *semaphore);
    if (sem_init(semaphore, 1, start)) fail("sem_init");
    return semaphore;
}

/* ------------------------------------------------------------- creating */

static char myself[PATH_MAX];

static void create_fork(void) {
    pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) _exit(0);
    reap(pid);
}

static void spawn(char *program, char *argument) {
    char *arguments[] = {program, argument, NULL};
    pid_t pid;
    if ((errno = posix_spawn(&pid, program, NULL, NULL, arguments, environ))) fail("posix_spawn");
    reap(pid);
}

static void create_spawn(void) { spawn("/bin/true", NULL); }
static void create_again(void) { spawn(myself, "nothing"); }
static void *nothing(void *argument) { return argument; }

static void run_thread(void *(*body)(void *)) {
    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, body, NULL))) fail("pthread_create");
    pthread_join(thread, NULL);
}

/* The small stack on which a handler can report that the other one has
 * overflowed, below it a page that nobody may touch. */
static char *take_signal_stack(void) {
    char *place = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (place == MAP_FAILED) fail("mmap");
    if (mprotect(place, PAGE, PROT_NONE)) fail("mprotect");
    stack_t small = {.ss_sp = place + PAGE, .ss_size = 2 * PAGE};
    if (sigaltstack(&small, NULL)) fail("sigaltstack");
    return place;
}

/* What a thread of Rust does before and after its work, call by call: it finds
 * its stack, and takes and gives back the small one. */
static void *guarded(void *argument) {
    pthread_attr_t found;
    if ((errno = pthread_getattr_np(pthread_self(), &found))) fail("pthread_getattr_np");
    pthread_attr_destroy(&found);
    (void)gettid();
    stack_t old, none = {.ss_flags = SS_DISABLE, .ss_size = 2 * PAGE};
    if (sigaltstack(NULL, &old)) fail("sigaltstack");
    char *place = take_signal_stack();
    if (sigaltstack(&none, NULL)) fail("sigaltstack");
    munmap(place, 3 * PAGE);
    return argument;
}

static void create_thread(void) { run_thread(nothing); }
static void create_guarded(void) { run_thread(guarded); }

static int is_way(const char *name) { return strcmp(way, name) == 0; }

static double create(void) {
    int advice = strchr(way, '+') ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
    if (size > 0) {
        char *heap = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (heap == MAP_FAILED) fail("mmap");
        madvise(heap, size, advice);
        for (long i = 0; i < size; i += PAGE) ((volatile char *)heap)[i] = 1;
    }
    if (is_way("fork") || is_way("fork+huge")) return median_of(create_fork);
    if (is_way("spawn")) return median_of(create_spawn);
    if (is_way("again")) return median_of(create_again);
    if (is_way("thread")) return median_of(create_thread);
    if (is_way("guarded")) return median_of(create_guarded);
    return -1;
}

/* Each process makes up to ten children, who make the rest. */
static void grow(_Atomic uint32_t *marks, long left) {
    pid_t children[10];
    int made = 0;
    long share = (left + 9) / 10;
    for (; left > 0; left -= share, marks += share) {
        if (share > left) share = left;
        if ((children[made] = fork()) < 0) fail("fork");
        if (children[made++] == 0) {
            atomic_fetch_add_explicit(marks, 1, memory_order_relaxed);
            grow(marks + 1, share - 1);
            _exit(0);
        }
    }
    for (int i = 0; i < made; i++) reap(children[i]);
}

static double tree(void) {
    _Atomic uint32_t *marks = shared(size * sizeof *marks);
    int64_t begun = now();
    for (long i = 0; i < count; i++) grow(marks, size);
    int64_t took = now() - begun;
    for (long i = 0; i < size; i++)
        if (marks[i] != count) wrong("a process of the tree was not created");
    return (double)took / (count * size);
}

/* ---------------------------------------------------------- round trips */

static int there[2], back[2]; /* read end, write end */
static _Atomic uint32_t *cells;

static void message_of(uint32_t number, char message[16]) {
    memcpy(message, "0000 is the turn", 16);
    memcpy(message, &number, 4);
}

static void futex_wait(_Atomic uint32_t *cell, uint32_t old) {
    while (atomic_load(cell) == old)
        if (syscall(SYS_futex, cell, FUTEX_WAIT, old, NULL) && errno != EAGAIN && errno != EINTR) fail("futex");
}
static void futex_wake(_Atomic uint32_t *cell) { syscall(SYS_futex, cell, FUTEX_WAKE, 1); }

static void pause_cpu(void) {
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("isb");
#endif
}

static void spin(_Atomic uint32_t *cell, uint32_t old) {
    while (atomic_load_explicit(cell, memory_order_acquire) == old) pause_cpu();
}

static void ask_bytes(uint32_t number) {
    char message[16], word[3];
    message_of(number, message);
    put(there[1], message, 16);
    get(back[0], word, 3);
    if (memcmp(word, "ack", 3)) wrong("another message came than was sent");
}

static void answer_bytes(uint32_t number) {
    char found[16], wanted[16];
    message_of(number, wanted);
    get(there[0], found, 16);
    if (memcmp(found, wanted, 16)) wrong("another message came than was sent");
    put(back[1], "ack", 3);
}

static void ask_futex(uint32_t number) {
    atomic_store_explicit(&cells[0], number, memory_order_release);
    futex_wake(&cells[0]);
    futex_wait(&cells[32], number - 1);
}
static void answer_futex(uint32_t number) {
    futex_wait(&cells[0], number - 1);
    atomic_store_explicit(&cells[32], number, memory_order_release);
    futex_wake(&cells[32]);
}
static void ask_spin(uint32_t number) {
    atomic_store_explicit(&cells[0], number, memory_order_release);
    spin(&cells[32], number - 1);
}
static void answer_spin(uint32_t number) {
    spin(&cells[0], number - 1);
    atomic_store_explicit(&cells[32], number, memory_order_release);
}

static double trip(void) {
    void (*ask)(uint32_t) = ask_bytes, (*answer)(uint32_t) = answer_bytes;
    if (is_way("pipe")) {
        new_pipe(there);
        new_pipe(back);
    } else if (is_way("socketpair")) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
        there[1] = back[0] = ends[0];
        there[0] = back[1] = ends[1];
    } else if (is_way("futex")) {
        ask = ask_futex, answer = answer_futex;
    } else if (is_way("spin")) {
        ask = ask_spin, answer = answer_spin;
    } else {
        return -1;
    }
    cells = shared(PAGE);
    pid_t answerer = hire();
    if (answerer == 0) {
        pin(last_cpu());
        for (long number = 1; number <= count; number++) answer(number);
        _exit(0);
    }
    int64_t *times = new_times();
    for (long number = 1; number <= count; number++) {
        int64_t begun = now();
        ask(number);
        times[number - 1] = now() - begun;
    }
    reap(answerer);
    return median(times);
}

/* --------------------------------------------------------------- queues */

static double queue(void) {
    int ends[2] = {-1, -1};
    mqd_t mq = -1;
    char *message = malloc(size), name[64];
    memset(message, 'x', size);
    if (is_way("seqpacket")) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) fail("socketpair");
    } else if (is_way("mq")) {
        struct mq_attr shape = {.mq_maxmsg = 10, .mq_msgsize = size};
        snprintf(name, sizeof name, "/forklore-floor-%d", getpid());
        mq = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &shape);
        if (mq < 0) fail("mq_open");
        mq_unlink(name);
    } else {
        return -1;
    }
    long each = count / senders, all = each * senders;
    if (at_gate(senders, all_on_last) >= 0) {
        for (long i = 0; i < each; i++) {
            if (mq >= 0 ? mq_send(mq, message, size, 0) != 0 : send(ends[0], message, size, 0) != size) fail("send");
        }
        _exit(0);
    }
    memset(message, 0, size);
    int64_t begun = now();
    begin();
    for (long i = 0; i < all; i++) {
        ssize_t length = mq >= 0 ? mq_receive(mq, message, size, NULL) : recv(ends[1], message, size, 0);
        if (length != size || message[size - 1] != 'x') wrong("another message came than was sent");
    }
    int64_t took = now() - begun;
    reap_crew(senders);
    return (double)took / all;
}

static double bandwidth(void) {
    int ends[2], opener[2];
    long all = count * MIB, received = 0;
    char *chunk = malloc(CHUNK), byte;
    if (!is_way("pipe")) return -1;
    memset(chunk, 'x', CHUNK);
    new_pipe(ends);
    new_pipe(opener);
    pid_t sender = hire();
    if (sender == 0) {
        pin(last_cpu());
        get(opener[0], &byte, 1);
        for (long i = 0; i < all / CHUNK; i++) put(ends[1], chunk, CHUNK);
        _exit(0);
    }
    close(ends[1]);
    memset(chunk, 0, CHUNK);
    int64_t begun = now();
    put(opener[1], "!", 1);
    for (ssize_t n; (n = read(ends[0], chunk, CHUNK)) != 0; received += n)
        if (n < 0) fail("read");
    int64_t took = now() - begun;
    reap(sender);
    if (received != all || chunk[CHUNK - 1] != 'x') wrong("not every byte came");
    return (double)took / count;
}

/* ------------------------------------------------------- shared memory */

static double counter(void) {
    _Atomic uint32_t *number = shared(sizeof *number);
    int is_plain = is_way("mutex-plain");
    pthread_mutex_t *mutex = new_mutex(is_plain ? PTHREAD_MUTEX_NORMAL : PTHREAD_MUTEX_ERRORCHECK);
    sem_t *semaphore = new_semaphore(1);
    int by_mutex = is_plain || is_way("mutex"), by_semaphore = is_way("semaphore");
    if (!by_mutex && !by_semaphore && !is_way("atomic")) return -1;
    int done[2];
    int64_t report[2]; /* when, and how far all have come */
    new_pipe(done);
    if (at_gate(4, in_turns) >= 0) {
        /* A load and a store: right only for who is alone. */
#define ADD_ONE() atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + 1, memory_order_relaxed)
        if (by_mutex) {
            for (long i = 0; i < count; i++) {
                if (pthread_mutex_lock(mutex)) wrong("cannot lock");
                ADD_ONE();
                pthread_mutex_unlock(mutex);
            }
        } else if (by_semaphore) {
            for (long i = 0; i < count; i++) {
                if (sem_wait(semaphore)) fail("sem_wait");
                ADD_ONE();
                sem_post(semaphore);
            }
        } else {
            for (long i = 0; i < count; i++) atomic_fetch_add_explicit(number, 1, memory_order_relaxed);
        }
        report[0] = now();
        report[1] = *number;
        put(done[1], report, sizeof report);
        _exit(0);
    }
    int64_t begun = now();
    begin();
    reap_crew(4);
    /* Of the first to be done: behind that fewer add. */
    get(done[0], report, sizeof report);
    if (*number != 4 * count) wrong("an increment was lost");
    return (double)(report[0] - begun) / report[1];
}

static int64_t squared(int is_plain, _Atomic int32_t *cells, long elements) {
    int32_t *plain = (int32_t *)cells;
    for (long i = 0; i < elements; i++) plain[i] = i % 1000;
    int worker = at_gate(2, in_turns);
    if (worker >= 0) {
        long from = worker * (elements / 2), to = worker ? elements : elements / 2;
        if (is_plain) {
            for (long i = from; i < to; i++) plain[i] *= plain[i];
        } else {
            for (long i = from; i < to; i++) {
                int32_t old = atomic_load_explicit(&cells[i], memory_order_relaxed);
                atomic_store_explicit(&cells[i], old * old, memory_order_relaxed);
            }
        }
        _exit(0);
    }
    int64_t begun = now();
    begin();
    reap_crew(2);
    int64_t took = now() - begun;
    for (long i = 0; i < elements; i++)
        if (plain[i] != (i % 1000) * (i % 1000)) wrong("an element was not squared once");
    return took;
}

/* One run is as short as a turn of the scheduler: the median of several. */
static double array(void) {
    long elements = count;
    _Atomic int32_t *cells = shared(elements * sizeof *cells);
    int is_plain = is_way("plain");
    if (!is_plain && !is_way("atomic")) return -1;
    count = 9;
    int64_t *times = new_times();
    for (long i = 0; i < count; i++) times[i] = squared(is_plain, cells, elements);
    return median(times) / elements;
}

/* ------------------------------------------------------------ hand-offs */

static double locked_hand_off(void) {
    pthread_mutex_t *lock = new_mutex(PTHREAD_MUTEX_ERRORCHECK);
    _Atomic uint32_t *cell = shared(PAGE); /* who asks, when it had it, what is over */
    sem_t *go = new_semaphore(0);
    pid_t waiter = hire();
    if (waiter == 0) {
        pin(last_cpu());
        for (long round = 1; round <= count; round++) {
            sem_wait(go);
            atomic_store_explicit(&cell[0], round, memory_order_release);
            pthread_mutex_lock(lock);
            int64_t time = now();
            pthread_mutex_unlock(lock);
            atomic_store_explicit(&cell[1], (uint32_t)time, memory_order_relaxed);
            atomic_store_explicit(&cell[2], (uint32_t)(time >> 32), memory_order_relaxed);
            atomic_store_explicit(&cell[3], round, memory_order_release);
        }
        _exit(0);
    }
    int64_t *times = new_times();
    for (long round = 1; round <= count; round++) {
        pthread_mutex_lock(lock);
        sem_post(go);
        while (atomic_load_explicit(&cell[0], memory_order_acquire) != round) sched_yield();
        /* Behind its word that it asks, only the lock lets it sleep. */
        until_blocked(waiter);
        int64_t begun = now();
        pthread_mutex_unlock(lock);
        while (atomic_load_explicit(&cell[3], memory_order_acquire) != round) sched_yield();
        times[round - 1] = ((int64_t)cell[2] << 32 | cell[1]) - begun;
    }
    reap(waiter);
    return median(times);
}

static double hand_off(void) {
    if (is_way("mutex")) return locked_hand_off();
    if (!is_way("semaphore")) return -1;
    sem_t *mine = new_semaphore(0), *yours = new_semaphore(0);
    if (at_gate(1, all_on_last) >= 0) {
        for (long i = 0; i < count; i++) {
            if (sem_wait(yours)) fail("sem_wait");
            sem_post(mine);
        }
        _exit(0);
    }
    int64_t begun = now();
    begin();
    for (long i = 0; i < count; i++) {
        sem_post(yours);
        if (sem_wait(mine)) fail("sem_wait");
    }
    int64_t took = now() - begun;
    reap_crew(1);
    return (double)took / (2 * count);
}

/* --------------------------------------------------- endings and states */

static pid_t pauser(void) {
    pid_t pid = hire();
    if (pid == 0)
        for (;;) pause();
    return pid;
}

static double ending(void) {
    int64_t *times = new_times();
    if (!is_way("sigterm")) return -1;
    for (long i = 0; i < count; i++) {
        int told[2], status;
        char byte;
        new_pipe(told);
        pid_t child = hire();
        if (child == 0) {
            put(told[1], "!", 1);
            for (;;) pause();
        }
        get(told[0], &byte, 1);
        until_blocked(child);
        int64_t begun = now();
        kill(child, SIGTERM);
        if (waitpid(child, &status, 0) != child) fail("waitpid");
        times[i] = now() - begun;
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM) wrong("another ending");
        close(told[0]);
        close(told[1]);
    }
    return median(times);
}

static char child_path[64];
static long asked;

static void ask_one(void) {
    if (state_of(child_path) != 'S') wrong("the child is not seen asleep");
}

static void ask_all(void) {
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    char path[300];
    long asleep = 0;
    if (!folder) fail("opendir");
    asked = 0;
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        char letter = state_of(path);
        asked += letter != 0;
        asleep += letter == 'S';
    }
    closedir(folder);
    if (asleep < size) wrong("too few are seen asleep");
}

static double state(void) {
    int is_one = is_way("by-hand");
    long sleepers = size > 1 ? size : 1;
    pid_t *pids = malloc(sleepers * sizeof *pids);
    if (!is_one && !is_way("all-by-hand")) return -1;
    for (long i = 0; i < sleepers; i++) pids[i] = pauser();
    for (long i = 0; i < sleepers; i++) until_blocked(pids[i]);
    snprintf(child_path, sizeof child_path, "/proc/%d/stat", pids[0]);
    double time = median_of(is_one ? ask_one : ask_all);
    for (long i = 0; i < sleepers; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    return is_one ? time : time / asked;
}

static const struct {
    const char *work;
    double (*measure)(void);
} WORKS[] = {
    {"create", create},   {"tree", tree},   {"trip", trip},         {"queue", queue}, {"bandwidth", bandwidth},
    {"counter", counter}, {"array", array}, {"hand-off", hand_off}, {"end", ending},  {"state", state},
};

#ifdef AS_LARGE_AS_RUST
/* Seven pages of addresses, which the dynamic linker writes at the start. */
static char somewhere;
#define ADDRESSES_8 &somewhere, &somewhere, &somewhere, &somewhere, &somewhere, &somewhere, &somewhere, &somewhere
#define ADDRESSES_64 ADDRESSES_8, ADDRESSES_8, ADDRESSES_8, ADDRESSES_8, ADDRESSES_8, ADDRESSES_8, ADDRESSES_8, ADDRESSES_8
#define PAGE_OF_ADDRESSES                                                                                              \
    ADDRESSES_64, ADDRESSES_64, ADDRESSES_64, ADDRESSES_64, ADDRESSES_64, ADDRESSES_64, ADDRESSES_64, ADDRESSES_64
char *const addresses[] = {PAGE_OF_ADDRESSES, PAGE_OF_ADDRESSES, PAGE_OF_ADDRESSES, PAGE_OF_ADDRESSES,
                           PAGE_OF_ADDRESSES, PAGE_OF_ADDRESSES, PAGE_OF_ADDRESSES};
#endif

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "nothing") == 0) return 0;
    if (argc != 8 || strcmp(argv[1], "measure")) {
        fprintf(stderr, "floor: takes measure WORK WAY COUNT SIZE SENDERS CPU[,CPU]\n");
        return 2;
    }
    work = argv[2], way = argv[3];
    count = atol(argv[4]), size = atol(argv[5]), senders = atol(argv[6]);
    cpu_count = sscanf(argv[7], "%d,%d", &cpus[0], &cpus[1]);
    if (count < 1 || senders > 64 || cpu_count < 1) {
        fprintf(stderr, "floor: a number is out of range\n");
        return 2;
    }
    if (readlink("/proc/self/exe", myself, sizeof myself - 1) < 0) fail("readlink");
    pin(cpus[0]);
#ifdef AS_LARGE_AS_RUST
    take_signal_stack();
#endif
    for (size_t i = 0; i < sizeof WORKS / sizeof *WORKS; i++) {
        if (strcmp(work, WORKS[i].work)) continue;
        double time = WORKS[i].measure();
        if (time >= 0) {
            printf("%f\n", time);
            return 0;
        }
    }
    fprintf(stderr, "floor: there is no %s by %s\n", work, way);
    return 2;
}
