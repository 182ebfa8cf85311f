//! The program executes itself. A name in shared memory leads the children to
//! the counter.

use std::env::{args, current_exe};
use std::error::Error;
use std::num::NonZero;
use std::os::fd::AsFd;
use std::process::{Child, Command, id};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::fcntl::OFlag;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, shm_open, shm_unlink};
use nix::sys::stat::Mode;
use nix::unistd::ftruncate;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let words: Vec<String> = args().skip(1).collect();
    if let [name, additions] = &words[..]
        && name.starts_with('/')
    {
        return add(name, additions.parse()?);
    }
    let [processes, additions] = &words[..] else {
        return Err("usage: counter P N".into());
    };
    let name = format!("/counter-{}", id());
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR;
    let object = shm_open(&*name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
    ftruncate(&object, size_of::<AtomicU64>() as i64)?;
    let counter = map(&object)?;
    let ran = run(&name, processes.parse()?, additions);
    shm_unlink(&*name)?;
    ran?;
    println!("Counter value: {}", counter.load(Relaxed));
    Ok(())
}

fn run(name: &str, processes: usize, additions: &str) -> Result<()> {
    let program = current_exe()?;
    let start = || Command::new(&program).args([name, additions]).spawn();
    let mut children: Vec<std::io::Result<Child>> = Vec::new();
    while children.len() < processes && children.iter().all(|it| it.is_ok()) {
        children.push(start());
    }
    let mut failed = None;
    for child in children {
        match child.and_then(|mut child| child.wait()) {
            Ok(status) if status.success() => {}
            Ok(status) => failed = Some(status.to_string()),
            Err(error) => failed = Some(error.to_string()),
        }
    }
    failed.map_or(Ok(()), |failed| Err(failed.into()))
}

fn add(name: &str, additions: u64) -> Result<()> {
    let counter = map(&shm_open(name, OFlag::O_RDWR, Mode::empty())?)?;
    for _ in 0..additions {
        counter.fetch_add(1, Relaxed);
    }
    Ok(())
}

fn map(object: impl AsFd) -> Result<&'static AtomicU64> {
    let length = NonZero::new(size_of::<AtomicU64>()).ok_or("empty")?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    let flag = MapFlags::MAP_SHARED;
    // SAFETY: a new mapping overlaps nothing.
    let page = unsafe { mmap(None, length, access, flag, object, 0) }?;
    // SAFETY: mapped to the end of the process, and used as an atomic only.
    Ok(unsafe { page.cast().as_ref() })
}
