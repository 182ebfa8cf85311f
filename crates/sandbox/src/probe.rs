//! What this machine offers, found out by doing it.

use std::fs;
use std::io::{self, Read, Write};

use libc::c_int;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::unistd::{ForkResult, fork, geteuid, getpid, pipe2};

use crate::cgroup::{Cgroup, Hierarchy, hierarchies};
use crate::confinement::Confinement;
use crate::enter::become_init;
use crate::landlock::{abi, lacks_landlock};
use crate::mounts;

/// A means of containing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mechanism {
    /// In the man pages' words.
    pub name: &'static str,
    /// What it is for.
    pub does: &'static str,
    /// Why it does not hold here; `None` if it does.
    pub lacks: Option<String>,
    /// The command or setting that would make it hold, if one is known.
    pub raise: Option<String>,
    /// Whether level full needs it.
    pub full: bool,
    /// Whether level partial needs it.
    pub partial: bool,
}

/// Tries every mechanism, each in a process of its own.
///
/// The process must have one thread.
///
/// # Errors
/// If no process can be made.
pub fn probe() -> io::Result<Vec<Mechanism>> {
    Ok(vec![
        namespaces()?,
        landlock()?,
        signal_scope(),
        no_new_privs()?,
        cgroups(),
    ])
}

fn namespaces() -> io::Result<Mechanism> {
    let outside = getpid();
    let scratch = mounts::scratch(&[]);
    let lacks = match scratch {
        None => Some("there is no /run, /mnt, /media, /srv or /opt".to_owned()),
        Some(scratch) => tried(|| {
            become_init(outside, &scratch).map_err(|(step, errno)| {
                format!("cannot {step}: {}", errno.desc())
            })
        })?,
    };
    Ok(Mechanism {
        name: "user, pid, mount, net, IPC and UTS namespaces",
        does: "nothing outside can be named, signalled or written",
        raise: lacks.as_ref().map(|_| how_to_raise()),
        lacks,
        full: true,
        partial: false,
    })
}

/// What a distribution may have set against namespaces of ordinary users.
fn how_to_raise() -> String {
    let number = |file: &str| {
        let text = fs::read_to_string(format!("/proc/sys/{file}")).ok()?;
        text.trim().parse::<i64>().ok()
    };
    for (file, refuses, wanted) in [
        ("kernel/apparmor_restrict_unprivileged_userns", 1, "0"),
        ("kernel/unprivileged_userns_clone", 0, "1"),
        ("user/max_user_namespaces", 0, "10000"),
    ] {
        if number(file) == Some(refuses) {
            let name = file.replace('/', ".");
            return format!("sudo sysctl -w {name}={wanted}");
        }
    }
    "not below a chroot; in a container: run it with its own namespaces \
     allowed, as podman does, or with --security-opt seccomp=unconfined \
     --security-opt systempaths=unconfined"
        .to_owned()
}

fn landlock() -> io::Result<Mechanism> {
    let lacks = match lacks_landlock() {
        Some(lacks) => Some(lacks),
        None => tried(|| {
            let rules = Confinement::default().prepare();
            let rules = rules.map_err(|error| error.to_string())?;
            rules.apply().map_err(|errno| errno.desc().to_owned())?;
            match fs::read_dir("/root").or_else(|_| fs::read_dir("/")) {
                Ok(_) => {
                    Err("a folder was read that is not allowed".to_owned())
                }
                Err(_) => Ok(()),
            }
        })?,
    };
    let raise = lacks.as_ref().map(|_| {
        "Linux 5.13 or later, booted with landlock in its lsm= list (see \
         /sys/kernel/security/lsm)"
            .to_owned()
    });
    Ok(Mechanism {
        name: "Landlock",
        does: "a program reaches the files that it was given, and no other",
        lacks,
        raise,
        full: true,
        partial: true,
    })
}

fn signal_scope() -> Mechanism {
    let version = abi().unwrap_or(0);
    let lacks = (version < 6)
        .then(|| format!("Landlock is of version {version}; this needs 6"));
    Mechanism {
        name: "Landlock's scope of signals",
        does: "the kernel too refuses signals to others; the keeper does so \
               anyway",
        raise: lacks.as_ref().map(|_| "Linux 6.12 or later".to_owned()),
        lacks,
        full: false,
        partial: false,
    }
}

fn no_new_privs() -> io::Result<Mechanism> {
    let lacks = tried(|| {
        prctl::set_no_new_privs().map_err(|errno| errno.desc().to_owned())
    })?;
    Ok(Mechanism {
        name: "no-new-privs",
        does: "no program gains rights, setuid or not",
        lacks,
        raise: None,
        full: true,
        partial: true,
    })
}

fn cgroups() -> Mechanism {
    let all = hierarchies();
    let first = all.first();
    let lacks = match Cgroup::make() {
        Some(_) => None,
        None => Some(match first {
            None => "no hierarchy with pids or memory is handed to this user"
                .to_owned(),
            Some(first) => {
                let version = if first.is_v2 { 2 } else { 1 };
                let folder = first.folder.display();
                format!(
                    "cgroup v{version}: no folder with limits can be made in \
                     {folder}"
                )
            }
        }),
    };
    let raise = lacks.as_ref().map(|_| how_to_raise_cgroups(first).to_owned());
    Mechanism {
        name: "cgroups",
        does: "the kernel too counts processes, threads and memory; the \
               keeper does so anyway",
        lacks,
        raise,
        full: false,
        partial: false,
    }
}

fn how_to_raise_cgroups(first: Option<&Hierarchy>) -> &'static str {
    // Of version 1, systemd hands no folder to a user.
    let is_handed = first.is_none_or(|it| it.is_v2)
        && fs::exists("/run/systemd/system").unwrap_or(false);
    match (geteuid().is_root(), is_handed) {
        (true, _) => {
            "a /sys/fs/cgroup that can be written: in a container it is often \
             read-only"
        }
        (false, true) => {
            "systemd-run --user --scope -p Delegate=yes COMMAND, or as root"
        }
        (false, false) => "as root",
    }
}

/// What kept a child from doing it; `None` if it did.
fn tried(
    attempt: impl FnOnce() -> Result<(), String>,
) -> io::Result<Option<String>> {
    let (told, teller) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the caller has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(told);
            let said = attempt().err().unwrap_or_else(|| "+".to_owned());
            fs::File::from(teller).write_all(said.as_bytes()).ok();
            // SAFETY: ends the child without running the caller's code.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop(teller);
            let mut said = String::new();
            fs::File::from(told).read_to_string(&mut said)?;
            let mut status: c_int = 0;
            // SAFETY: the status is memory of this function.
            let ended =
                unsafe { libc::waitpid(child.as_raw(), &mut status, 0) };
            Errno::result(ended)?;
            Ok(match said.as_str() {
                "+" => None,
                "" => Some("the process that tried was killed".to_owned()),
                _ => Some(said),
            })
        }
    }
}
