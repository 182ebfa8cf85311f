//! A call is entered: what must be read now, because it may be gone or
//! changed at the return, and what is known without the return.

use std::io::Write;
use std::rc::Rc;

use trace::What;

use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, read_string, read_words};
use crate::strings::program_at;
use crate::table::Kind;
use crate::tree::Index;
use crate::zombies::ChildrenEnd;

pub(crate) const PATH_MAX: usize = 4096;

impl<W: Write> Keeper<W> {
    /// Whether the return is wanted.
    pub(crate) fn entered(&mut self, tid: Tid, call: &mut PendingCall) -> bool {
        let Some(index) = self.tree.index_of(tid) else { return false };
        let arguments = call.arguments;
        match call.row.kind {
            Kind::Read | Kind::Write => {
                let fd = arguments[0] as i32;
                let is_watched = self.is_worth_watching(index, fd);
                call.is_ready = is_watched && self.is_ready(index, call);
                if !is_watched && call.row.kind == Kind::Write {
                    // Its return, which says how much it was, is not seen.
                    self.count_output(index, fd, asked_to_write(tid, call));
                }
                return is_watched;
            }
            Kind::SendFile | Kind::Splice => {}
            Kind::Close => self.closes(index, tid, arguments[0] as i32),
            Kind::CloseRange => self.closes_range(index, tid, arguments),
            Kind::Mask => self.masks(index, tid, arguments),
            Kind::Action => self.acts(index, tid, arguments),
            Kind::Prctl => self.sets_up_itself(index, tid, arguments),
            Kind::Elsewhere => self.goes_elsewhere(index, call),
            Kind::Exec { path, argv } => {
                let [path, argv] =
                    [path, argv].map(|at| arguments[usize::from(at)]);
                (call.text, call.texts) = program_at(tid, path, argv);
                if call.text.is_empty() && call.row.name == "execveat" {
                    // fexecve(3): the descriptor is the program.
                    let file = self.descriptor(index, arguments[0] as i32);
                    call.text = file.map_or_else(String::new, |file| {
                        file.object.to_string()
                    });
                }
            }
            Kind::Open { path, .. } | Kind::Name { path } => {
                call.text = text_at(tid, arguments, path);
            }
            Kind::OpenHow => call.text = text_at(tid, arguments, 1),
            Kind::PidfdSignal => {
                call.text = self.pid_behind(index, arguments[0] as i32);
            }
            _ => {}
        }
        call.row.wants_return
    }

    fn goes_elsewhere(&mut self, index: Index, call: &PendingCall) {
        let process = self.tree.process(index);
        process.is_elsewhere = true;
        // Which namespace it enters only its descriptor knows.
        process.is_parting |= call.row.name == "setns";
    }

    /// Only what another process can notice: a pipe, a socket, a terminal.
    fn is_worth_watching(&mut self, index: Index, fd: i32) -> bool {
        let process = self.tree.process(index);
        let pid = process.pid;
        let descriptors = Rc::clone(&process.descriptors);
        let mut descriptors = descriptors.borrow_mut();
        descriptors
            .get(pid, fd)
            .is_some_and(|it| it.is_channel() || it.is_terminal())
    }

    /// Bytes go into a descriptor: are they output of the run?
    pub(crate) fn count_output(&mut self, index: Index, fd: i32, bytes: u64) {
        if !self.ceilings.has_output() || bytes == 0 {
            return;
        }
        let descriptor = self.descriptor(index, fd);
        if descriptor.is_some_and(|it| self.outputs.contains(&it.object)) {
            self.written = self.written.saturating_add(bytes);
            self.writer = index;
        }
    }

    fn closes(&mut self, index: Index, tid: Tid, fd: i32) {
        let descriptors = Rc::clone(&self.tree.process(index).descriptors);
        let closed = descriptors.borrow_mut().close(fd);
        if let Some(closed) = closed {
            let object = closed.object.to_string();
            self.tell(index, tid, What::Close { fd, object, by_exec: false });
        }
    }

    fn closes_range(&mut self, index: Index, tid: Tid, arguments: [u64; 6]) {
        let number = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
        let (first, last) = (number(arguments[0]), number(arguments[1]));
        let flags = arguments[2] as u32;
        if flags & libc::CLOSE_RANGE_UNSHARE != 0 {
            self.tree.unshare(index, libc::CLONE_FILES);
        }
        let descriptors = Rc::clone(&self.tree.process(index).descriptors);
        if flags & libc::CLOSE_RANGE_CLOEXEC != 0 {
            descriptors.borrow_mut().set_cloexec(first, last, true);
            return;
        }
        let closed = descriptors.borrow_mut().close_range(first, last);
        for (fd, closed) in closed {
            let object = closed.object.to_string();
            self.tell(index, tid, What::Close { fd, object, by_exec: false });
        }
    }

    fn masks(&mut self, index: Index, tid: Tid, arguments: [u64; 6]) {
        if arguments[1] == 0 {
            return; // it only asks
        }
        let [set] = read_words(tid, arguments[1]);
        let how = match arguments[0] as i32 {
            libc::SIG_BLOCK => "SIG_BLOCK",
            libc::SIG_UNBLOCK => "SIG_UNBLOCK",
            _ => "SIG_SETMASK",
        };
        let what = What::Mask {
            call: "rt_sigprocmask".to_owned(),
            how: how.to_owned(),
            signals: names::signals(set),
        };
        self.tell(index, tid, what);
    }

    fn acts(&mut self, index: Index, tid: Tid, arguments: [u64; 6]) {
        if arguments[1] == 0 {
            return; // it only asks
        }
        let [handler, flags] = read_words(tid, arguments[1]);
        let how = match handler as usize {
            libc::SIG_DFL => "default",
            libc::SIG_IGN => "ignore",
            _ => "handler",
        };
        if arguments[0] as i32 == libc::SIGCHLD {
            let process = self.tree.process(index);
            let children_end = match (how, flags as i32) {
                ("ignore", _) => ChildrenEnd::Ignored,
                (_, it) if it & libc::SA_NOCLDWAIT != 0 => {
                    ChildrenEnd::WithoutWait
                }
                _ => ChildrenEnd::AsZombies,
            };
            process.children_end.set(children_end);
        }
        let what = What::Mask {
            call: "rt_sigaction".to_owned(),
            how: how.to_owned(),
            signals: vec![names::signal(arguments[0] as i32)],
        };
        self.tell(index, tid, what);
    }

    /// A null pointer takes the alarm back, too: setitimer(2), "Bugs".
    pub(crate) fn sets_alarm(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) {
        const SECOND: u64 = 1_000_000;
        let [seconds, at, ..] = call.arguments;
        let (every_us, after_us) = match call.row.name {
            "setitimer" if at != 0 => {
                let [every, more, after, rest] = read_words(tid, at);
                let micros = |seconds: u64, rest| {
                    seconds.saturating_mul(SECOND).saturating_add(rest)
                };
                (micros(every, more), micros(after, rest))
            }
            "setitimer" => (0, 0),
            _ => (0, (seconds & 0xffff_ffff) * SECOND),
        };
        let call = call.row.name.to_owned();
        self.tell(index, tid, What::Alarm { call, after_us, every_us });
    }

    fn sets_up_itself(&mut self, index: Index, tid: Tid, arguments: [u64; 6]) {
        let [option, value, ..] = arguments;
        let process = self.tree.process(index);
        match option as i32 {
            libc::PR_SET_CHILD_SUBREAPER => process.is_subreaper = value != 0,
            libc::PR_SET_NAME if tid == process.pid => {
                process.name = read_string(tid, value, 15);
            }
            // A number that is no signal changes nothing.
            libc::PR_SET_PDEATHSIG if value <= 64 => {
                let signal = (value > 0).then(|| names::signal(value as i32));
                self.tell(index, tid, What::Pdeathsig { signal });
            }
            _ => {}
        }
    }

    /// The pid that a pidfd stands for, as text (proc_pid_fdinfo(5)).
    pub(crate) fn pid_behind(&mut self, index: Index, fd: i32) -> String {
        let pid = self.tree.process(index).pid;
        let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}"));
        info.unwrap_or_default()
            .lines()
            .find_map(|line| line.strip_prefix("Pid:"))
            .map_or_else(String::new, |pid| pid.trim().to_owned())
    }
}

/// How many bytes a write to a file hands over.
fn asked_to_write(tid: Tid, call: &PendingCall) -> u64 {
    let [_, at, count, ..] = call.arguments;
    match call.row.name {
        "write" => count,
        "writev" | "pwritev2" => (0..count.min(libc::UIO_MAXIOV as u64))
            .map(|part| {
                let [_, length] = read_words(tid, at.wrapping_add(16 * part));
                length
            })
            .fold(0, u64::saturating_add),
        _ => 0, // to a socket or a pipe
    }
}

fn text_at(tid: Tid, arguments: [u64; 6], place: u8) -> String {
    read_string(tid, arguments[usize::from(place)], PATH_MAX)
}
