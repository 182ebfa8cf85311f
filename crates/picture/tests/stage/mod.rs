//! A stage on which a test plays a run: it writes the events that an observer
//! would.

#![allow(
    dead_code,
    reason = "each test file is a crate of its own and plays only its own runs"
)]

use picture::Story;
use trace::{Ending, Event, Header, Held, Level, Reached, WaitsFor, What, Who};

/// A run in the making. The clock moves by 100 us with every event.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) events: Vec<Event>,
    now: u64,
    names: std::collections::BTreeMap<Who, String>,
    children: std::collections::BTreeMap<Who, u32>,
    objects: u32,
    /// Who plays; `None` is a process's first thread.
    pub(crate) tid: Option<i32>,
}

impl Stage {
    pub(crate) fn new(name: &str) -> Self {
        let mut stage = Self {
            events: Vec::new(),
            now: 0,
            names: std::collections::BTreeMap::new(),
            children: std::collections::BTreeMap::new(),
            objects: 160_000,
            tid: None,
        };
        stage.names.insert(Who::first(), name.to_owned());
        stage
    }

    pub(crate) fn story(&self) -> Story {
        let command = vec!["demo".to_owned()];
        Story::new(&Header::new(Level::Full, command), self.events.clone())
    }

    /// Lets time go by.
    pub(crate) fn pass(&mut self, us: u64) -> u64 {
        self.now += us;
        self.now
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn play(&mut self, who: &Who, what: What) {
        self.now += 100;
        let hash = who
            .to_string()
            .bytes()
            .fold(0, |a: i32, b| (a * 31 + i32::from(b)) % 20_000);
        self.events.push(Event {
            seq: self.events.len() as u64,
            t_us: self.now,
            who: who.clone(),
            pid: 4_000 + hash,
            pid_seen: None,
            start: 1,
            tid: self.tid,
            name: self.names.get(who).cloned().unwrap_or_default(),
            what,
        });
    }

    pub(crate) fn create(&mut self, who: &Who, name: &str) -> Who {
        let count = self.children.entry(who.clone()).or_default();
        *count += 1;
        let child = who.child(*count);
        self.play(
            who,
            What::Create {
                call: "clone".to_owned(),
                child: Some(child.clone()),
                child_pid: Some(1),
                errno: None,
            },
        );
        self.names.insert(child.clone(), name.to_owned());
        child
    }

    /// A thread begins; what follows is its, until `tid` changes.
    pub(crate) fn begin(&mut self, who: &Who, path: &str, tid: i32) {
        self.tid = Some(tid);
        self.play(who, What::Thread { began: Some(path.to_owned()) });
    }

    /// The thread ends, and the first one plays on.
    pub(crate) fn end_thread(&mut self, who: &Who) {
        self.play(who, What::Thread { began: None });
        self.tid = None;
    }

    pub(crate) fn exec(&mut self, who: &Who, path: &str) {
        self.exec_keeping(who, path, Vec::new());
    }

    pub(crate) fn exec_keeping(
        &mut self,
        who: &Who,
        path: &str,
        kept: Vec<Held>,
    ) {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.names.insert(who.clone(), name.to_owned());
        self.play(
            who,
            What::Exec {
                ok: true,
                path: path.to_owned(),
                args: vec![name.to_owned()],
                kept,
                withheld: None,
                errno: None,
            },
        );
    }

    pub(crate) fn exec_fails(&mut self, who: &Who, path: &str) {
        self.play(
            who,
            What::Exec {
                ok: false,
                path: path.to_owned(),
                args: Vec::new(),
                kept: Vec::new(),
                withheld: None,
                errno: Some("ENOENT".to_owned()),
            },
        );
    }

    pub(crate) fn exit(&mut self, who: &Who, code: u8) {
        self.play(who, What::Exit { how: Ending::Code { code } });
    }

    pub(crate) fn killed(&mut self, who: &Who, signal: &str) {
        let signal = signal.to_owned();
        self.play(who, What::Exit { how: Ending::Signal { signal } });
    }

    /// A signal that no process of the run sent.
    pub(crate) fn arrives_by(&mut self, who: &Who, signal: &str, code: &str) {
        let mut what = signal_event(signal, None, None);
        if let What::Signal { arrived, code: its, .. } = &mut what {
            (*arrived, *its) = (true, Some(code.to_owned()));
        }
        self.play(who, what);
    }

    pub(crate) fn wait(&mut self, who: &Who, child: &Who) {
        let from_us = self.now;
        let how = Ending::Code { code: 0 };
        self.play(
            who,
            What::Wait {
                call: "wait4".to_owned(),
                child: Some(child.clone()),
                named: false,
                reached: Some(Reached::Ended(how)),
                kept_zombie: false,
                errno: None,
                from_us,
            },
        );
    }

    /// A FIFO is opened; what the kernel calls it.
    pub(crate) fn open_fifo(
        &mut self,
        who: &Who,
        fd: i32,
        path: &str,
        mode: &str,
    ) -> String {
        let object = format!("fifo:/tmp/{path}");
        self.play(
            who,
            What::Open {
                call: "openat".to_owned(),
                path: path.to_owned(),
                fd: Some(fd),
                object: Some(object.clone()),
                mode: Some(mode.to_owned()),
                cloexec: false,
                errno: None,
            },
        );
        object
    }

    pub(crate) fn pipe(
        &mut self,
        who: &Who,
        read_end: i32,
        write_end: i32,
    ) -> String {
        self.pipe_with(who, read_end, write_end, false)
    }

    pub(crate) fn pipe_with(
        &mut self,
        who: &Who,
        read_end: i32,
        write_end: i32,
        cloexec: bool,
    ) -> String {
        self.objects += 1;
        let object = format!("pipe:[{}]", self.objects);
        let made = object.clone();
        self.play(
            who,
            What::Pipe { read_end, write_end, object: made, cloexec },
        );
        object
    }

    pub(crate) fn socketpair(
        &mut self,
        who: &Who,
        fds: [i32; 2],
    ) -> [String; 2] {
        self.objects += 2;
        let objects = [1, 0].map(|n| format!("socket:[{}]", self.objects - n));
        let made = objects.clone();
        self.play(who, What::Socketpair { fds, objects: made, cloexec: false });
        objects
    }

    pub(crate) fn dup(&mut self, who: &Who, from: i32, fd: i32, object: &str) {
        let object = object.to_owned();
        self.play(who, What::Dup { from, fd, object, cloexec: false });
    }

    pub(crate) fn close(&mut self, who: &Who, fd: i32, object: &str) {
        let object = object.to_owned();
        self.play(who, What::Close { fd, object, by_exec: false });
    }

    pub(crate) fn write(
        &mut self,
        who: &Who,
        fd: i32,
        object: &str,
        bytes: u64,
    ) {
        self.io(who, fd, object, true, bytes, None);
    }

    pub(crate) fn read(
        &mut self,
        who: &Who,
        fd: i32,
        object: &str,
        bytes: u64,
    ) {
        self.io(who, fd, object, false, bytes, None);
    }

    pub(crate) fn io(
        &mut self,
        who: &Who,
        fd: i32,
        object: &str,
        is_write: bool,
        bytes: u64,
        errno: Option<&str>,
    ) {
        let call = if is_write { "write" } else { "read" }.to_owned();
        self.play(
            who,
            What::Io {
                call,
                is_write,
                fd,
                object: object.to_owned(),
                bytes,
                errno: errno.map(str::to_owned),
                from_us: self.now,
            },
        );
    }

    /// A wait that began at `from_us` and is over now.
    pub(crate) fn blocked(
        &mut self,
        who: &Who,
        kind: &str,
        object: Option<&str>,
        child: Option<&Who>,
        from_us: u64,
    ) {
        let on = WaitsFor {
            kind: kind.to_owned(),
            object: object.map(str::to_owned),
            fd: None,
            child: child.cloned(),
        };
        let call = match kind {
            "child" => "wait4",
            "pipe-room" => "write",
            "sleep" => "clock_nanosleep",
            _ => "read",
        };
        self.play(who, What::Block { call: call.to_owned(), on, from_us });
    }

    pub(crate) fn send(&mut self, who: &Who, signal: &str, to: &Who) {
        self.play(who, signal_event(signal, Some(to), None));
    }

    pub(crate) fn arrive(&mut self, who: &Who, signal: &str, from: &Who) {
        self.play(who, signal_event(signal, None, Some(from)));
    }
}

fn signal_event(signal: &str, to: Option<&Who>, from: Option<&Who>) -> What {
    What::Signal {
        signal: signal.to_owned(),
        to: to.cloned(),
        to_pid: None,
        from: from.cloned(),
        arrived: from.is_some(),
        code: None,
        errno: None,
    }
}

/// The lesson's two: a sender, a receiver, a pipe, an end of file.
pub(crate) fn two() -> Stage {
    let mut s = Stage::new("sender");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let receiver = s.create(&a, "receiver");
    s.close(&a, 3, &pipe);
    s.close(&receiver, 4, &pipe);
    let began = s.now();
    s.pass(2_000);
    s.write(&a, 4, &pipe, 2);
    s.blocked(&receiver, "pipe-data", Some(&pipe), None, began);
    s.read(&receiver, 3, &pipe, 2);
    s.write(&a, 4, &pipe, 12);
    s.write(&a, 4, &pipe, 3);
    s.close(&a, 4, &pipe);
    let began = s.now();
    s.read(&receiver, 3, &pipe, 15);
    s.read(&receiver, 3, &pipe, 0);
    s.pass(1_500);
    s.exit(&receiver, 0);
    s.blocked(&a, "child", None, Some(&receiver), began);
    s.wait(&a, &receiver);
    s.pass(300);
    s.exit(&a, 0);
    s
}

/// `sh -c 'yes | head -1'`.
pub(crate) fn three() -> Stage {
    let mut s = Stage::new("sh");
    let a = Who::first();
    s.exec(&a, "/bin/sh");
    let pipe = s.pipe(&a, 3, 4);
    let yes = s.create(&a, "sh");
    s.close(&a, 4, &pipe);
    let head = s.create(&a, "sh");
    s.close(&a, 3, &pipe);
    s.close(&yes, 3, &pipe);
    s.dup(&yes, 4, 1, &pipe);
    s.close(&yes, 4, &pipe);
    s.dup(&head, 3, 0, &pipe);
    s.close(&head, 3, &pipe);
    let waits = s.now();
    s.exec(&yes, "/usr/bin/yes");
    s.exec(&head, "/usr/bin/head");
    let began = s.now();
    s.pass(900);
    s.write(&yes, 1, &pipe, 8_192);
    s.blocked(&head, "pipe-data", Some(&pipe), None, began);
    s.read(&head, 0, &pipe, 8_192);
    s.write(&yes, 1, &pipe, 8_192);
    s.pass(700);
    s.exit(&head, 0);
    s.io(&yes, 1, &pipe, true, 0, Some("EPIPE"));
    s.killed(&yes, "SIGPIPE");
    s.blocked(&a, "child", None, None, waits);
    s.wait(&a, &yes);
    s.wait(&a, &head);
    s.exit(&a, 0);
    s
}

/// A pool: seven workers of the same kind, one of which is killed.
pub(crate) fn eight() -> Stage {
    let mut s = Stage::new("pool");
    let a = Who::first();
    let workers: Vec<Who> = (0..7).map(|_| s.create(&a, "worker")).collect();
    for (number, worker) in workers.iter().enumerate() {
        let began = s.now();
        s.pass(400);
        s.blocked(worker, "sleep", None, None, began);
        if number == 3 {
            s.send(&a, "SIGKILL", worker);
            s.killed(worker, "SIGKILL");
        } else {
            s.exit(worker, 0);
        }
    }
    s.pass(3_000_000);
    for worker in &workers {
        s.wait(&a, worker);
    }
    s.exit(&a, 0);
    s
}

/// Two threads that feed the first one through pipes of their own, and one
/// that waits for a lock.
pub(crate) fn threads() -> Stage {
    threads_in([0, 1], 7_000)
}

/// The same, in the order that the scheduler chose, with the kernel's ids.
pub(crate) fn threads_in(order: [i32; 2], first_tid: i32) -> Stage {
    let mut s = Stage::new("pool");
    let a = Who::first();
    let pipes = [s.pipe(&a, 3, 4), s.pipe(&a, 5, 6)];
    for number in 0..2 {
        s.begin(&a, &(number + 1).to_string(), first_tid + number);
    }
    for number in order {
        s.tid = Some(first_tid + number);
        s.write(&a, 4 + 2 * number, &pipes[number as usize], 8);
    }
    s.tid = Some(first_tid);
    s.begin(&a, "1.1", first_tid + 9);
    let began = s.now();
    s.pass(3_000);
    s.blocked(&a, "futex", None, None, began);
    s.end_thread(&a);
    for number in order {
        s.tid = Some(first_tid + number);
        s.close(&a, 4 + 2 * number, &pipes[number as usize]);
        s.end_thread(&a);
    }
    for number in 0..2 {
        s.read(&a, 3 + 2 * number, &pipes[number as usize], 8);
    }
    s.exit(&a, 0);
    s
}

/// Names that would take over whatever they are written into.
pub(crate) const HOSTILE: &str =
    "</script><b>\x1b[2J\r\n\u{202e}\"'`;#%%{init}%%:&--> 漢字]]>\0";

/// Two processes with hostile names, paths and arguments.
pub(crate) fn hostile() -> Stage {
    let mut s = Stage::new(HOSTILE);
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let child = s.create(&a, HOSTILE);
    s.exec(&child, &format!("/bin/{HOSTILE}"));
    s.names.insert(child.clone(), HOSTILE.to_owned());
    let began = s.now();
    s.pass(5_000);
    s.blocked(&child, "lock", Some(HOSTILE), None, began);
    s.blocked(&child, HOSTILE, Some(HOSTILE), None, began);
    s.send(&a, &format!("SIG{HOSTILE}"), &child);
    s.exec_fails(&child, HOSTILE);
    s.write(&a, 4, &pipe, 5);
    s.read(&child, 3, &pipe, 5);
    s.play(
        &child,
        What::Open {
            call: HOSTILE.to_owned(),
            path: HOSTILE.to_owned(),
            fd: Some(7),
            object: Some(HOSTILE.to_owned()),
            mode: Some(HOSTILE.to_owned()),
            cloexec: false,
            errno: None,
        },
    );
    s.play(
        &child,
        What::Leftover { kind: HOSTILE.to_owned(), object: HOSTILE.to_owned() },
    );
    s.killed(&child, HOSTILE);
    s.wait(&a, &child);
    s.exit(&a, 3);
    s
}

/// Many workers that each read so many messages; one of them is odd.
pub(crate) fn crowd(processes: u32, messages: u32) -> Stage {
    let mut s = Stage::new("pool");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let workers: Vec<Who> =
        (1..processes).map(|_| s.create(&a, "worker")).collect();
    for worker in &workers {
        s.close(worker, 4, &pipe);
    }
    s.close(&a, 3, &pipe);
    for message in 0..messages {
        for worker in &workers {
            let began = s.now();
            s.write(&a, 4, &pipe, 8);
            if message % 3 == 0 {
                let on = Some(pipe.as_str());
                s.blocked(worker, "pipe-data", on, None, began);
            }
            s.read(worker, 3, &pipe, 8);
        }
    }
    s.close(&a, 4, &pipe);
    for (number, worker) in workers.iter().enumerate() {
        s.read(worker, 3, &pipe, 0);
        if number == 20 {
            s.killed(worker, "SIGSEGV");
        } else {
            s.exit(worker, 0);
        }
    }
    for worker in &workers {
        s.wait(&a, worker);
    }
    s.exit(&a, 0);
    s
}
