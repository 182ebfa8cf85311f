//! What is measured: each work, with the ways that are compared.

use crate::row::{Row, Unit, Way};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// The parts of the chapter, in order: a word, and a heading.
pub(crate) const GROUPS: [(&str, &str); 7] = [
    ("creating", "Creating, and waiting for the end"),
    ("trips", "A message there and a word back"),
    ("queues", "Queues: many messages to one consumer"),
    ("bytes", "Bytes through a pipe"),
    ("memory", "The same memory"),
    ("locks", "From one holder to the next"),
    ("ends", "Endings and states"),
];

/// All rows of the tables and all points of the curves.
pub(crate) fn all() -> Vec<Row> {
    let mut rows = creating();
    rows.extend(creating_from_large());
    rows.extend(trips());
    rows.extend(queues());
    rows.extend(bytes());
    rows.extend(memory());
    rows.extend(locks());
    rows.extend(ends());
    rows.extend(by_size());
    rows.extend(by_tree());
    rows.extend(by_producers());
    rows
}

fn creating() -> Vec<Row> {
    let row = |id, title| {
        Row::new("creating", id, title, "create", Unit::Each("process"))
    };
    vec![
        row("create.fork", "fork, exit, wait")
            .c("fork", "fork", 200)
            .same("fork", "fork", 200)
            .c("fork.libgcc", "fork, with libgcc_s", 200)
            .c("fork.large", "fork, of Rust's size", 200)
            .rust("fork.linked", "fork, as linked", 200)
            .python("process", "Process", 60)
            .python("fork", "os.fork", 60),
        row("create.spawn", "another program")
            .c("spawn", "posix_spawn", 80)
            .same("spawn", "Command", 80)
            .python("spawn", "os.posix_spawn", 40)
            .python("run", "subprocess.run", 40),
        row("create.again", "the same program again")
            .c("again", "posix_spawn", 80)
            .rust("again", "Command", 80)
            .python("again", "Process, spawn", 5),
        row("create.thread", "a thread, for comparison")
            .c("thread", "pthread_create", 300)
            .rust("thread", "thread::Builder", 300)
            .c("guarded", "pthread_create, with a signal stack", 300)
            .python("thread", "Thread", 200),
    ]
}

/// Creating, by a parent that holds memory.
fn creating_from_large() -> Vec<Row> {
    let large = |id, title| {
        Row::new("creating", id, title, "create", Unit::Each("process"))
            .size(GIB)
    };
    vec![
        large("create.fork.1GiB", "fork of a parent of 1 GiB")
            .c("fork", "fork", 4)
            .same("fork", "fork", 4)
            .python("process", "Process", 4)
            .long(),
        large("create.fork.huge", "the same, in huge pages")
            .c("fork+huge", "fork", 20)
            .same("fork+huge", "fork", 20)
            .python("process+huge", "Process", 10)
            .long(),
        large("create.spawn.1GiB", "another program, from 1 GiB")
            .c("spawn", "posix_spawn", 20)
            .same("spawn", "Command", 20)
            .python("run", "subprocess.run", 20)
            .long(),
    ]
}

/// A row on one CPU, and one on two.
fn on_one_and_two(row: impl Fn(&str, &str) -> Row) -> [Row; 2] {
    [row("one", "one CPU"), row("two", "two CPUs").two_cpus()]
}

fn trips() -> Vec<Row> {
    let row = |kind: &str, cpus: &str, title: String| {
        let id = format!("trip.{kind}.{cpus}");
        Row::new("trips", id, title, "trip", Unit::Each("round trip"))
    };
    let pipes = on_one_and_two(|word, cpus| {
        row("pipe", word, format!("two pipes, {cpus}"))
            .c("pipe", "pipe", 1200)
            .same("pipe", "pipe", 1200)
            .python("pipe", "os.pipe", 1200)
    });
    let pairs = on_one_and_two(|word, cpus| {
        row("socketpair", word, format!("a socketpair, {cpus}"))
            .c("socketpair", "socketpair", 1200)
            .same("socketpair", "socketpair", 1200)
            .rust("typed", "ipc-channel", 1200)
            .python("connection", "Pipe()", 1200)
    });
    let futexes = on_one_and_two(|word, cpus| {
        row("futex", word, format!("a futex, {cpus}"))
            .c("futex", "futex", 1200)
            .same("futex", "futex", 1200)
    });
    let spinning = row("spin", "two", "spinning, two CPUs".into())
        .two_cpus()
        .c("spin", "spin", 50_000)
        .same("spin", "spin", 50_000)
        .python("spin", "shared_memory", 20_000);
    [pipes, pairs, futexes].into_iter().flatten().chain([spinning]).collect()
}

fn queues() -> Vec<Row> {
    let row = |id: String, title: String| {
        Row::new("queues", id, title, "queue", Unit::Messages)
    };
    let mut rows = Vec::new();
    for (senders, who) in [(1, "1 producer"), (4, "4 producers")] {
        for (size, name, id) in SIZES {
            // An unbounded queue holds some 32 MB, if the consumer never runs.
            let count = if size > 2 * KIB { 500 } else { 10_000 };
            // By sockets they are so many that what each producer does once,
            // as it begins, does not count.
            let long = count.max(4_000);
            let title = format!("{who}, {name}");
            let row = row(format!("queue.{senders}.{id}"), title)
                .size(size)
                .senders(senders)
                .c("seqpacket", "seqpacket", long)
                .same("seqpacket", "seqpacket", long)
                .rust("typed", "ipc-channel", count)
                .rust("bytes", "ipc-channel, bytes", long)
                .python("queue", "Queue", count.max(1_000) / 2);
            rows.push(match senders {
                1 => row.rust("threads", "crossbeam, threads", count),
                _ => row,
            });
        }
    }
    for (size, name, id) in &SIZES[..2] {
        rows.push(
            row(format!("queue.mq.{id}"), format!("a POSIX queue, {name}"))
                .size(*size)
                .senders(1)
                .c("mq", "mq_send", 40_000)
                .same("mq", "mq_send", 40_000),
        );
    }
    rows
}

const SIZES: [(usize, &str, &str); 3] = [
    (16, "16 B", "16B"),
    (KIB, "1 KiB", "1KiB"),
    (64 * KIB, "64 KiB", "64KiB"),
];

fn bytes() -> Vec<Row> {
    on_one_and_two(|word, cpus| {
        let id = format!("bytes.{word}");
        let title = format!("1 GiB in pieces of 64 KiB, {cpus}");
        Row::new("bytes", id, title, "bandwidth", Unit::Mebibytes)
            .c("pipe", "pipe", 1024)
            .same("pipe", "pipe", 1024)
            .python("pipe", "os.pipe", 1024)
            .long()
    })
    .into()
}

fn memory() -> Vec<Row> {
    let row = |kind: &str, word: &str, title: String| {
        let id = format!("counter.{kind}.{word}");
        Row::new("memory", id, title, "counter", Unit::Each("increment"))
    };
    let mutexes = on_one_and_two(|word, cpus| {
        row("mutex", word, format!("four add under a mutex, {cpus}"))
            .c("mutex", "mutex", 300_000)
            .same("mutex", "mutex", 300_000)
            .c("mutex-plain", "mutex, unchecked", 300_000)
    });
    let semaphores = on_one_and_two(|word, cpus| {
        row("semaphore", word, format!("under a semaphore, {cpus}"))
            .c("semaphore", "semaphore", 150_000)
            .same("semaphore", "semaphore", 150_000)
            .python("value", "Value", 25_000)
    });
    let atomics = on_one_and_two(|word, cpus| {
        row("atomic", word, format!("with one instruction, {cpus}"))
            .c("atomic", "atomic", 1_000_000)
            .same("atomic", "atomic", 1_000_000)
    });
    let array = Row::new(
        "memory",
        "array.two",
        "two square ten million numbers",
        "array",
        Unit::Each("number"),
    )
    .two_cpus()
    .c("atomic", "atomics", 10_000_000)
    .same("atomic", "atomics", 10_000_000)
    .c("plain", "plain numbers", 10_000_000)
    .python("array", "Array", 120_000)
    .python("raw", "RawArray", 500_000)
    .long();
    let counters = [mutexes, semaphores, atomics].into_iter().flatten();
    counters.chain([array]).collect()
}

fn locks() -> Vec<Row> {
    let row = |kind: &str, word: &str, title: String, unit| {
        let id = format!("hand.{kind}.{word}");
        Row::new("locks", id, title, "hand-off", Unit::Each(unit))
    };
    let locks = on_one_and_two(|word, cpus| {
        row("lock", word, format!("a lock, to who waits, {cpus}"), "hand-off")
            .c("mutex", "mutex", 200)
            .same("mutex", "mutex", 200)
            .python("lock", "Lock", 300)
    });
    let turns = on_one_and_two(|word, cpus| {
        row("turns", word, format!("turns by semaphores, {cpus}"), "turn")
            .c("semaphore", "semaphore", 1500)
            .same("semaphore", "semaphore", 1500)
            .python("semaphore", "Semaphore", 1500)
    });
    [locks, turns].into_iter().flatten().collect()
}

fn ends() -> Vec<Row> {
    let row = |id, title, work| {
        Row::new("ends", id, title, work, Unit::Each("process"))
    };
    vec![
        row("end.sigterm", "SIGTERM, until reaped", "end")
            .c("sigterm", "kill", 60)
            .same("sigterm", "kill", 60)
            .c("sigterm.libgcc", "kill, with libgcc_s", 60)
            .c("sigterm.large", "kill, of Rust's size", 60)
            .rust("sigterm.linked", "kill, as linked", 60)
            .python("terminate", "terminate, join", 30),
        row("state.one", "the state of one process", "state")
            .c("by-hand", "open, read", 2000)
            .same("by-hand", "open, read", 2000)
            .rust("lesson", "fs::read", 2000)
            .rust("sysinfo", "sysinfo", 500)
            .python("by-hand", "open, read", 1000)
            .python("psutil", "psutil", 500),
        row("state.all", "the state of all, each", "state")
            .size(100)
            .c("all-by-hand", "open, read", 15)
            .same("all-by-hand", "open, read", 15)
            .rust("all-sysinfo", "sysinfo", 10)
            .python("all-by-hand", "open, read", 10)
            .python("all-psutil", "psutil", 5)
            .long(),
    ]
}

/// Creating against the size of the parent.
fn by_size() -> Vec<Row> {
    let mut rows = Vec::new();
    for mebibytes in [1, 4, 16, 64, 256, 1024, 4096] {
        let count = (2000 / mebibytes).clamp(3, 30);
        let few = count.min(20);
        let row = |way: &str, title: &str| {
            let title = format!("{title}, {mebibytes} MiB");
            let id = format!("size.{way}.{mebibytes}MiB");
            Row::new("size", id, title, "create", Unit::Each("process"))
                .size(mebibytes * MIB)
                .at(mebibytes)
        };
        let fork = row("fork", "fork")
            .c("fork", "fork", count)
            .same("fork", "fork", count)
            .python("fork", "os.fork", few);
        let spawn = row("spawn", "another program")
            .c("spawn", "posix_spawn", 20)
            .same("spawn", "Command", 20)
            .python("spawn", "os.posix_spawn", 20);
        // The line of spawn is flat, and 1 GiB is a row of a table: a point
        // for which so much memory is touched costs seconds.
        match mebibytes {
            1 | 16 => rows.extend([fork, spawn]),
            256 => rows.extend([fork.long(), spawn.long()]),
            1024 => rows.push(spawn.long()),
            _ => rows.push(fork.long()),
        }
    }
    rows
}

/// A tree of processes against its size.
fn by_tree() -> Vec<Row> {
    let row = |size: usize| {
        let id = format!("tree.{size}");
        let title = format!("a process of a tree of {size}");
        let count = (500 / size).max(1);
        let row = Row::new("tree", id, title, "tree", Unit::Each("process"))
            .size(size)
            .at(size)
            .c("tree", "fork", count)
            .same("tree", "fork", count)
            .python("tree", "os.fork", count.min(10));
        let row = match size {
            10_000 => row,
            _ => row.c("tree.large", "fork, of Rust's size", count).rust(
                "tree.linked",
                "fork, as linked",
                count,
            ),
        };
        row.long()
    };
    [10, 100, 1000, 10_000].map(row).into()
}

/// A queue against the number of its producers.
fn by_producers() -> Vec<Row> {
    let row = |senders: usize| {
        let id = format!("producers.{senders}");
        let title = format!("1 KiB, producers: {senders}");
        let count = 38_400;
        Row::new("producers", id, title, "queue", Unit::Messages)
            .two_cpus()
            .size(KIB)
            .senders(senders)
            .at(senders)
            .c("seqpacket", "seqpacket", count)
            .rust("bytes", "ipc-channel, bytes", count)
            .rust("typed", "ipc-channel", count)
            .python("queue", "Queue", 6400)
            .long()
    };
    [1, 2, 4, 8, 16, 32, 64].map(row).into()
}

/// A curve: the word of its rows, what it shows, and its axis.
pub(crate) struct Curve {
    pub(crate) group: &'static str,
    pub(crate) title: &'static str,
    pub(crate) axis: &'static str,
}

pub(crate) const CURVES: [Curve; 3] = [
    Curve {
        group: "size",
        title: "Time to create a process and to wait for its end",
        axis: "memory of the parent, in MiB",
    },
    Curve {
        group: "tree",
        title: "Time for each process of a tree, created and reaped",
        axis: "processes in the tree",
    },
    Curve {
        group: "producers",
        title: "Messages of 1 KiB a second, to one consumer",
        axis: "producers",
    },
];

impl Way {
    /// What a short try asks for: results, not figures.
    pub(crate) fn shortened(mut self, senders: usize) -> Self {
        self.processes = 1;
        self.count = (self.count / 50).max(2).max(senders.max(1));
        self
    }
}
