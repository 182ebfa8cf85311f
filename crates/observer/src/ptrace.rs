//! ptrace(2) and wait4(2) as they are: what nix leaves out, each call with
//! its reason.
//!
//! nix cannot decode a status that carries a real-time signal, and has no
//! `PTRACE_LISTEN`; so stops are read here from the raw status.

use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, c_long, c_uint, c_void};
use nix::errno::Errno;

/// A thread that is being observed.
pub(crate) type Tid = i32;

/// What every tracee is seized with. `EXITKILL`: no tracee outlives the
/// keeper, however the keeper ends.
const OPTIONS: c_int = libc::PTRACE_O_EXITKILL
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEVFORK;

/// What wait4(2) told of a tracee.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Report {
    /// It is gone and reaped; its raw status and what it used.
    Ended { status: c_int, usage: Usage },
    /// It stands still until it is resumed.
    Stopped(Stop),
}

/// What a process used, from getrusage(2)'s structure.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) user_us: u64,
    pub(crate) system_us: u64,
    pub(crate) voluntary: u64,
    pub(crate) involuntary: u64,
}

/// Why a tracee stands still (ptrace(2), "Stopped states").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// A call that the filter names is about to be made.
    Seccomp,
    /// That call has returned.
    CallReturned,
    /// fork, vfork or clone has made a tracee.
    Created,
    /// A new program is loaded.
    Executed,
    /// It is about to end.
    Exiting,
    /// A signal is about to be delivered.
    Signal(c_int),
    /// A stopping signal has stopped its whole process.
    Group(c_int),
    /// A new tracee's first stop, or the end of a group stop.
    Attached,
}

/// A system call at its entry or return.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallInfo {
    /// With its arguments and the filter's 16 bits.
    Entry { arguments: [u64; 6], data: u16 },
    /// With what it returned: negative is an errno.
    Return { value: i64 },
    /// Neither: the tracee is elsewhere.
    Neither,
}

/// How to let a stopped tracee go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Resume {
    /// To its next call that the filter names.
    Run,
    /// To the return of the call it is in.
    ToReturn,
    /// Not at all: it stays in its group stop, and SIGCONT is reported.
    Listen,
    /// For one instruction.
    Step,
    /// Not at all: it was killed, and is on its way to its end.
    Leave,
}

pub(crate) fn request(
    request: c_uint,
    tid: Tid,
    address: usize,
    data: usize,
) -> Result<c_long, Errno> {
    // SAFETY: each caller passes the address and data that ptrace(2) names
    // for this request; memory is written only where `data` is a pointer to
    // a buffer of the caller.
    let result = unsafe {
        libc::ptrace(
            request,
            tid,
            ptr::without_provenance_mut::<c_void>(address),
            ptr::with_exposed_provenance_mut::<c_void>(data),
        )
    };
    Errno::result(result)
}

/// Becomes the tracer of a child without stopping it.
pub(crate) fn seize(tid: Tid) -> Result<(), Errno> {
    request(libc::PTRACE_SEIZE, tid, 0, OPTIONS as usize).map(drop)
}

/// Lets a stopped tracee go on, with a signal or 0.
///
/// `ESRCH` means that it was killed in its stop; its end is reported later.
pub(crate) fn resume(
    tid: Tid,
    how: Resume,
    signal: c_int,
) -> Result<(), Errno> {
    let call = match how {
        Resume::Run => libc::PTRACE_CONT,
        Resume::ToReturn => libc::PTRACE_SYSCALL,
        Resume::Listen => libc::PTRACE_LISTEN,
        Resume::Step => libc::PTRACE_SINGLESTEP,
        Resume::Leave => return Ok(()),
    };
    request(call, tid, 0, signal as usize).map(drop)
}

/// Makes a tracee that waits in a call return from it; a stop follows
/// (`Attached`).
pub(crate) fn interrupt(tid: Tid) -> Result<(), Errno> {
    request(libc::PTRACE_INTERRUPT, tid, 0, 0).map(drop)
}

/// `PTRACE_GETEVENTMSG`: the new tid at [`Stop::Created`], the former tid at
/// [`Stop::Executed`].
///
/// An error means that it was killed in this stop, and may stand at its end.
pub(crate) fn event_message(tid: Tid) -> Result<u64, Errno> {
    let message = message(tid)?;
    // Asked for after the message: it does not come back from its end, where
    // the message would be its status.
    let is_there = !may_be_status(message) || !is_at_end(tid)?;
    if is_there { Ok(message) } else { Err(Errno::ESRCH) }
}

/// Whether a number may be a wait status, which has a signal in its lower
/// byte or an exit code in the upper one. Few tids look like that.
fn may_be_status(message: u64) -> bool {
    message <= 0xff || message & 0xff == 0
}

/// The status with which a thread is about to end; an error if it does not
/// stand at its end (any more).
///
/// # Arguments
/// `is_alone`: whether no other thread could have taken its id since, in
/// execve(2). Behind its end no stop of its own is left.
pub(crate) fn exit_message(tid: Tid, is_alone: bool) -> Result<u64, Errno> {
    let is_there = is_alone || is_at_end(tid)?;
    if is_there { message(tid) } else { Err(Errno::ESRCH) }
}

/// Whether a thread that has stopped elsewhere was killed there.
pub(crate) fn is_killed(tid: Tid) -> bool {
    matches!(is_at_end(tid), Ok(true) | Err(Errno::ESRCH))
}

/// What a stop has to say, of a tracee that still stands there.
pub(crate) fn message(tid: Tid) -> Result<u64, Errno> {
    let mut message = 0_u64;
    let data = (&raw mut message).expose_provenance();
    request(libc::PTRACE_GETEVENTMSG, tid, 0, data)?;
    Ok(message)
}

fn is_at_end(tid: Tid) -> Result<bool, Errno> {
    Ok(signal_info(tid)?.si_code >> 8 == libc::PTRACE_EVENT_EXIT)
}

/// The signal that is about to be delivered, or why the tracee stands still.
pub(crate) fn signal_info(tid: Tid) -> Result<libc::siginfo_t, Errno> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let data = info.as_mut_ptr().expose_provenance();
    request(libc::PTRACE_GETSIGINFO, tid, 0, data)?;
    // SAFETY: all bytes were zeroed, then written by the kernel; every bit
    // pattern is a siginfo_t.
    Ok(unsafe { info.assume_init() })
}

/// `PTRACE_GET_SYSCALL_INFO` (kernel 5.3): the same on every architecture.
pub(crate) fn call_info(tid: Tid) -> Result<CallInfo, Errno> {
    let words = call_words(tid)?;
    let arguments = |words: &[u64; 11]| {
        [words[4], words[5], words[6], words[7], words[8], words[9]]
    };
    Ok(match words[0] & 0xff {
        1 | 3 => CallInfo::Entry {
            arguments: arguments(&words),
            data: words[10] as u16,
        },
        2 => CallInfo::Return { value: words[3] as i64 },
        _ => CallInfo::Neither,
    })
}

/// The architecture for which a tracee makes calls, as <linux/audit.h> names
/// it; wherever it stands.
pub(crate) fn architecture(tid: Tid) -> Result<u32, Errno> {
    Ok((call_words(tid)?[0] >> 32) as u32)
}

/// op, arch, two pointers, then a union: 88 bytes as <linux/ptrace.h> has
/// them, read as 64-bit words.
fn call_words(tid: Tid) -> Result<[u64; 11], Errno> {
    let mut words = [0_u64; 11];
    let data = words.as_mut_ptr().expose_provenance();
    request(libc::PTRACE_GET_SYSCALL_INFO, tid, size_of_val(&words), data)?;
    Ok(words)
}

/// The address at which a tracee must not store, if that is why it stands at
/// a SIGSEGV.
pub(crate) fn refused_store(tid: Tid) -> Option<u64> {
    const SEGV_ACCERR: i32 = 2; // <asm-generic/siginfo.h>
    let info = signal_info(tid).ok()?;
    // SAFETY: with such a code of SIGSEGV the address is the part in use.
    (info.si_code == SEGV_ACCERR).then(|| unsafe { info.si_addr() } as u64)
}

/// What the call that a tracee dies in has returned, if it was made: known
/// from a register, since no stop reports it any more.
pub(crate) fn last_result(tid: Tid) -> Option<i64> {
    #[cfg(target_arch = "x86_64")]
    const PLACE: usize = 10; // rax in struct user_regs_struct
    #[cfg(target_arch = "aarch64")]
    const PLACE: usize = 0; // x0 in struct user_pt_regs
    const NT_PRSTATUS: usize = 1; // <linux/elf.h>
    let mut registers = [0_u64; 40];
    let mut place = libc::iovec {
        iov_base: registers.as_mut_ptr().cast(),
        iov_len: size_of_val(&registers),
    };
    let data = (&raw mut place).expose_provenance();
    request(libc::PTRACE_GETREGSET as c_uint, tid, NT_PRSTATUS, data).ok()?;
    // What x86-64 puts there at the entry, and no observed call returns.
    let result = registers[PLACE] as i64;
    (result != -i64::from(libc::ENOSYS)).then_some(result)
}

/// The next thing that any tracee or child does; `None` if `block` is false
/// and there is nothing yet.
///
/// `ECHILD` means that nobody is left, `EINTR` that a signal came.
pub(crate) fn next_report(block: bool) -> Result<Option<(Tid, Report)>, Errno> {
    report_from(-1, block)
}

/// The next thing that this tracee does; waits for it.
pub(crate) fn report_of(tid: Tid) -> Result<Report, Errno> {
    loop {
        match report_from(tid, true) {
            Ok(Some((_, report))) => return Ok(report),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

fn report_from(whom: Tid, block: bool) -> Result<Option<(Tid, Report)>, Errno> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let flags = libc::__WALL | if block { 0 } else { libc::WNOHANG };
    // SAFETY: both pointers lead to memory of this function.
    let tid =
        unsafe { libc::wait4(whom, &mut status, flags, usage.as_mut_ptr()) };
    match Errno::result(tid)? {
        0 => return Ok(None),
        _ if libc::WIFSTOPPED(status) => {
            return Ok(Some((tid, Report::Stopped(stop_of(status)))));
        }
        _ => {}
    }
    // SAFETY: zeroed, and filled by the kernel; plain integers.
    let usage = unsafe { usage.assume_init() };
    let micros = |time: libc::timeval| {
        time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64
    };
    let usage = Usage {
        user_us: micros(usage.ru_utime),
        system_us: micros(usage.ru_stime),
        voluntary: usage.ru_nvcsw as u64,
        involuntary: usage.ru_nivcsw as u64,
    };
    Ok(Some((tid, Report::Ended { status, usage })))
}

fn stop_of(status: c_int) -> Stop {
    let signal = libc::WSTOPSIG(status);
    match status >> 16 {
        libc::PTRACE_EVENT_SECCOMP => Stop::Seccomp,
        libc::PTRACE_EVENT_FORK
        | libc::PTRACE_EVENT_VFORK
        | libc::PTRACE_EVENT_CLONE => Stop::Created,
        libc::PTRACE_EVENT_EXEC => Stop::Executed,
        libc::PTRACE_EVENT_EXIT => Stop::Exiting,
        libc::PTRACE_EVENT_STOP if signal != libc::SIGTRAP => {
            Stop::Group(signal)
        }
        libc::PTRACE_EVENT_STOP => Stop::Attached,
        _ if signal == libc::SIGTRAP | 0x80 => Stop::CallReturned,
        _ => Stop::Signal(signal),
    }
}

/// Copies bytes out of a tracee (process_vm_readv(2)); how many there were.
pub(crate) fn read_memory(tid: Tid, from: u64, to: &mut [u8]) -> usize {
    let local =
        libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
    let remote = libc::iovec {
        iov_base: ptr::without_provenance_mut(from as usize),
        iov_len: to.len(),
    };
    // SAFETY: the local vector is the slice; the remote one is only read, in
    // another address space, and a bad address there is an error.
    let copied =
        unsafe { libc::process_vm_readv(tid, &local, 1, &remote, 1, 0) };
    usize::try_from(copied).unwrap_or(0)
}

/// The same from several addresses with one call, and how much altogether:
/// what lies behind a place that cannot be read is not read either.
pub(crate) fn read_places(tid: Tid, places: &mut [(u64, &mut [u8])]) -> usize {
    let vector = |base, length| libc::iovec { iov_base: base, iov_len: length };
    let remote = places.iter().map(|(at, to)| {
        vector(ptr::without_provenance_mut(*at as usize), to.len())
    });
    let remote: Vec<libc::iovec> = remote.collect();
    let local = places
        .iter_mut()
        .map(|(_, to)| vector(to.as_mut_ptr().cast(), to.len()));
    let local: Vec<libc::iovec> = local.collect();
    let count = remote.len() as libc::c_ulong;
    let (to, from) = (local.as_ptr(), remote.as_ptr());
    // SAFETY: the local vectors are the slices, all of them another's; the
    // remote ones are only read, in another address space.
    let copied =
        unsafe { libc::process_vm_readv(tid, to, count, from, count, 0) };
    usize::try_from(copied).unwrap_or(0)
}

/// Copies bytes into a tracee (process_vm_writev(2)); whether all of them.
pub(crate) fn write_memory(tid: Tid, to: u64, from: &[u8]) -> bool {
    let local = libc::iovec {
        iov_base: from.as_ptr().cast_mut().cast(),
        iov_len: from.len(),
    };
    let remote = libc::iovec {
        iov_base: ptr::without_provenance_mut(to as usize),
        iov_len: from.len(),
    };
    // SAFETY: the local vector is only read; the remote one lies in another
    // address space, and a bad address there is an error.
    let copied =
        unsafe { libc::process_vm_writev(tid, &local, 1, &remote, 1, 0) };
    usize::try_from(copied) == Ok(from.len())
}

/// Reads a string that ends with NUL, at most `limit` bytes of it, page by
/// page: the page behind its end need not exist.
pub(crate) fn read_string(tid: Tid, from: u64, limit: usize) -> String {
    let bytes = read_bytes(tid, from, limit).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether anything of a tracee that stands at a call can be read: who has
/// made itself undumpable (PR_SET_DUMPABLE) shows it to root alone.
pub(crate) fn is_visible(tid: Tid) -> bool {
    let instruction = call_words(tid).map(|words| words[1]);
    instruction.is_ok_and(|at| read_memory(tid, at, &mut [0]) == 1)
}

/// The same as its bytes; `None` if nothing can be read there.
pub(crate) fn read_bytes(tid: Tid, from: u64, limit: usize) -> Option<Vec<u8>> {
    const PAGE: u64 = 4096;
    const MOST: usize = 256; // most strings are shorter
    let mut text = Vec::new();
    let mut at = from;
    while at != 0 && text.len() < limit {
        let mut piece = [0_u8; MOST];
        let length = (PAGE - at % PAGE) as usize;
        let length = length.min(limit - text.len()).min(MOST);
        let copied = read_memory(tid, at, &mut piece[..length]);
        let end = piece[..copied].iter().position(|byte| *byte == 0);
        text.extend_from_slice(&piece[..end.unwrap_or(copied)]);
        if end.is_some() {
            return Some(text);
        }
        if copied < length {
            break;
        }
        at += copied as u64;
    }
    (!text.is_empty()).then_some(text)
}

/// Reads 64-bit words; fewer than asked where memory ends.
pub(crate) fn read_words<const N: usize>(tid: Tid, from: u64) -> [u64; N] {
    let mut bytes = [[0; 8]; N];
    if from != 0 {
        let whole = read_memory(tid, from, bytes.as_flattened_mut()) / 8;
        bytes[whole..].fill([0; 8]);
    }
    bytes.map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::may_be_status;

    #[test]
    fn no_status_is_taken_for_a_tid() {
        for byte in 0..=0xff {
            assert!(may_be_status(byte), "a signal, or with a core dump");
            assert!(may_be_status(byte << 8), "an exit code");
        }
        assert!(!may_be_status(32_769), "most tids are none");
    }
}
