//! The registers of a tracee that stands at a system call: the only part of
//! the observer that differs between architectures, and only plans need it.

use libc::iovec;
use nix::errno::Errno;

use crate::ptrace::{Tid, request};

const PRSTATUS: usize = 1; // NT_PRSTATUS, <linux/elf.h>

#[cfg(target_arch = "x86_64")]
mod place {
    //! Of struct user_regs_struct, in words.
    pub(super) const COUNT: usize = 27;
    pub(super) const ARGUMENTS: [usize; 6] = [14, 13, 12, 7, 9, 8];
    pub(super) const RESULT: usize = 10; // rax
    pub(super) const NUMBER: usize = 15; // orig_rax
    pub(super) const INSTRUCTION: usize = 16; // rip
    pub(super) const CALL_LENGTH: u64 = 2; // of the instruction `syscall`
}

#[cfg(target_arch = "aarch64")]
mod place {
    //! Of struct user_pt_regs, in words: x0 to x30, sp, pc, pstate.
    pub(super) const COUNT: usize = 34;
    pub(super) const ARGUMENTS: [usize; 6] = [0, 1, 2, 3, 4, 5];
    pub(super) const RESULT: usize = 0; // x0
    pub(super) const INSTRUCTION: usize = 32; // pc
    pub(super) const CALL_LENGTH: u64 = 4; // of the instruction `svc`
}

/// The general registers of a stopped tracee, as they were read.
#[derive(Clone, Copy, Debug)]
struct Registers([u64; place::COUNT]);

impl Registers {
    fn read(tid: Tid) -> Result<Self, Errno> {
        let mut words = [0_u64; place::COUNT];
        transfer(libc::PTRACE_GETREGSET, tid, PRSTATUS, &mut words)?;
        Ok(Self(words))
    }

    fn write(mut self, tid: Tid) -> Result<(), Errno> {
        transfer(libc::PTRACE_SETREGSET, tid, PRSTATUS, &mut self.0)
    }
}

fn transfer<T, const N: usize>(
    what: libc::c_uint,
    tid: Tid,
    set: usize,
    words: &mut [T; N],
) -> Result<(), Errno> {
    let mut vector = iovec {
        iov_base: words.as_mut_ptr().cast(),
        iov_len: size_of::<[T; N]>(),
    };
    request(what, tid, set, (&raw mut vector).expose_provenance()).map(drop)
}

/// At the entry of a call: it will not be made. Its return stop comes all
/// the same; what it returned must be set there.
pub(crate) fn skip_call(tid: Tid) -> Result<(), Errno> {
    #[cfg(target_arch = "x86_64")]
    {
        let mut registers = Registers::read(tid)?;
        registers.0[place::NUMBER] = u64::MAX;
        registers.write(tid)
    }
    #[cfg(target_arch = "aarch64")]
    {
        const SYSTEM_CALL: usize = 0x404; // NT_ARM_SYSTEM_CALL
        let mut number: [libc::c_int; 1] = [-1];
        transfer(libc::PTRACE_SETREGSET, tid, SYSTEM_CALL, &mut number)
    }
}

/// At the return of a call: what the program will see.
pub(crate) fn set_result(tid: Tid, value: i64) -> Result<(), Errno> {
    let mut registers = Registers::read(tid)?;
    registers.0[place::RESULT] = value as u64;
    registers.write(tid)
}

/// At the entry or return of a call: one of its arguments. A program may
/// rely on it to be unchanged when the call has returned, so it must be set
/// back there.
pub(crate) fn set_argument(
    tid: Tid,
    argument: usize,
    value: u64,
) -> Result<(), Errno> {
    let mut registers = Registers::read(tid)?;
    registers.0[place::ARGUMENTS[argument]] = value;
    registers.write(tid)
}

/// At the return of a skipped call: it will be made after all, once pending
/// signals have been delivered.
pub(crate) fn make_call_again(
    tid: Tid,
    number: i64,
    arguments: [u64; 6],
) -> Result<(), Errno> {
    let mut registers = Registers::read(tid)?;
    let words = &mut registers.0;
    words[place::INSTRUCTION] -= place::CALL_LENGTH;
    // x86-64 returns where it takes the number, aarch64 where it takes the
    // first argument (the number, in x8, is untouched).
    words[place::RESULT] = number as u64;
    for (place, value) in place::ARGUMENTS.into_iter().zip(arguments) {
        words[place] = value;
    }
    registers.write(tid)
}
