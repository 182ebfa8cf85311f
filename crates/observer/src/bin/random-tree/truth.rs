//! What an observer must have seen of a tree, as lines of text.
//!
//! A process's lines stand in the order of its own acts. `bytes` lines give
//! totals: the pipe by its maker and number, who moved them, and how many.

use nix::sys::signal::Signal;

use crate::live::NUDGE;
use crate::plan::{Act, Birth, Child, End, Link, Wait};

/// All lines of the tree that grows from this process.
pub(crate) fn of(first: &Child) -> Vec<String> {
    let mut truth = Truth(Vec::new());
    truth.0.push("A exec".to_owned());
    truth.tell("A", first, None);
    truth.0
}

struct Truth(Vec<String>);

impl Truth {
    fn say(&mut self, who: &str, what: &str) {
        self.0.push(format!("{who} {what}"));
    }

    /// `link` names the pipe to the parent.
    fn tell(&mut self, who: &str, me: &Child, link: Option<&str>) {
        let (mut pipes, mut children) = (0, 0);
        let mut later = Vec::new();
        for act in &me.acts {
            match act {
                Act::Echo { bytes, .. } => {
                    pipes += 1;
                    self.say(who, "pipe");
                    self.moved(&format!("{who}/{pipes}"), who, who, *bytes);
                }
                Act::FailingExec => self.say(who, "exec ENOENT"),
                Act::Ignored => self.say(who, &format!("kill {who} SIGURG")),
                Act::Bear(child) => {
                    children += 1;
                    let name = format!("{who}.{children}");
                    self.bear(who, &name, child, &mut pipes);
                    if child.wait == Wait::Later {
                        later.push((name, child));
                    }
                }
            }
        }
        if let (Link::Down { bytes, .. }, Some(link)) = (me.link, link) {
            self.0.push(format!("bytes {link} {who} read {bytes}"));
        }
        for (name, child) in later {
            self.say(who, &format!("wait {name} {}", ending(child.end)));
        }
        match me.end {
            End::Raise(signal) => {
                self.say(who, &format!("kill {who} {signal}"));
            }
            End::BrokenPipe => self.say(who, "pipe"),
            _ => {}
        }
        self.say(who, &format!("exit {}", ending(me.end)));
        let unwaited =
            me.children().zip(1..).filter(|(it, _)| it.wait == Wait::Never);
        for (_, k) in unwaited {
            self.0.push(format!("{who}.{k} reparent"));
        }
    }

    fn bear(&mut self, who: &str, name: &str, child: &Child, pipes: &mut u32) {
        let mut link = None;
        if !matches!(child.link, Link::None) {
            *pipes += 1;
            self.say(who, "pipe");
            link = Some(format!("{who}/{pipes}"));
        }
        self.say(who, &format!("create {name}"));
        match child.birth {
            Birth::Fork | Birth::Clone => {}
            Birth::ForkExec | Birth::Spawn => self.say(name, "exec"),
            Birth::ForkExecFailing => {
                self.say(name, "exec ENOENT");
                self.say(name, "exec EACCES");
                self.say(name, "exec");
            }
        }
        if let Some(link) = &link {
            match child.link {
                Link::Up { bytes, .. } => self.moved(link, name, who, bytes),
                Link::Down { bytes, .. } => {
                    self.0.push(format!("bytes {link} {who} write {bytes}"));
                }
                Link::None => {}
            }
        }
        self.tell(name, child, link.as_deref());
        self.treated(who, name, child);
    }

    fn treated(&mut self, who: &str, name: &str, child: &Child) {
        if child.is_nudged {
            self.say(who, &format!("kill {name} SIGRT{}", NUDGE - 32));
        }
        if let End::Killed { signal, stops } = child.end {
            if stops {
                self.say(who, &format!("kill {name} SIGSTOP"));
                self.say(who, &format!("wait {name} stopped SIGSTOP"));
                self.say(who, &format!("kill {name} SIGCONT"));
                self.say(who, &format!("wait {name} continued"));
            }
            self.say(who, &format!("kill {name} {signal}"));
        }
        let wait = format!("wait {name} {}", ending(child.end));
        match child.wait {
            Wait::Now | Wait::Any | Wait::Id | Wait::NoStatus => {
                self.say(who, &wait);
            }
            Wait::Twice => {
                self.say(who, &format!("{wait} kept"));
                self.say(who, &wait);
            }
            Wait::Later | Wait::Never => {}
        }
    }

    fn moved(&mut self, pipe: &str, writer: &str, reader: &str, bytes: usize) {
        self.0.push(format!("bytes {pipe} {writer} write {bytes}"));
        self.0.push(format!("bytes {pipe} {reader} read {bytes}"));
    }
}

fn ending(end: End) -> String {
    let killed = |signal: Signal| format!("signal {signal}");
    match end {
        End::Code(code) => format!("code {code}"),
        End::Raise(signal) | End::Killed { signal, .. } => killed(signal),
        End::BrokenPipe => killed(Signal::SIGPIPE),
    }
}
