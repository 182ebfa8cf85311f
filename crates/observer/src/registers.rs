//! The registers of a tracee that stands still: only plans need them, and
//! with the instructions they are all that differs between architectures.

use libc::iovec;
use nix::errno::Errno;

use crate::ptrace::{Tid, read_memory, request};

const PRSTATUS: usize = 1; // NT_PRSTATUS, <linux/elf.h>

#[cfg(target_arch = "x86_64")]
mod place {
    //! Of struct user_regs_struct, in words.
    pub(super) const COUNT: usize = 27;
    pub(super) const ARGUMENTS: [usize; 6] = [14, 13, 12, 7, 9, 8];
    pub(super) const RESULT: usize = 10; // rax
    pub(super) const NUMBER: usize = 15; // orig_rax
    pub(super) const INSTRUCTION: usize = 16; // rip
    pub(super) const CALL_LENGTH: u64 = 2;
    pub(super) const CALL: &[u8] = &[0x0f, 0x05]; // syscall
}

#[cfg(target_arch = "aarch64")]
mod place {
    //! Of struct user_pt_regs, in words: x0 to x30, sp, pc, pstate.
    pub(super) const COUNT: usize = 34;
    pub(super) const ARGUMENTS: [usize; 6] = [0, 1, 2, 3, 4, 5];
    pub(super) const RESULT: usize = 0; // x0
    pub(super) const INSTRUCTION: usize = 32; // pc
    pub(super) const CALL_LENGTH: u64 = 4;
    pub(super) const CALL: &[u8] = &[0x01, 0x00, 0x00, 0xd4]; // svc #0
}

/// The general registers of a stopped tracee, as they were read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers([u64; place::COUNT]);

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

/// The address of the instruction at which a tracee stands.
pub(crate) fn instruction(tid: Tid) -> Result<u64, Errno> {
    Ok(Registers::read(tid)?.0[place::INSTRUCTION])
}

/// Where a tracee that has just returned from a call has made it: the
/// instruction can be used again.
pub(crate) fn call_instruction(tid: Tid) -> Option<u64> {
    let at = instruction(tid).ok()? - place::CALL_LENGTH;
    let mut code = [0; place::CALL.len()];
    read_memory(tid, at, &mut code);
    (code == place::CALL).then_some(at)
}

/// Lets a tracee stand before a call of ours.
///
/// # Returns
/// Its own registers, to be given back.
pub(crate) fn borrow_for_call(
    tid: Tid,
    gadget: u64,
    number: i64,
    arguments: [u64; 6],
) -> Result<Registers, Errno> {
    let own = Registers::read(tid)?;
    let mut ours = own;
    let words = &mut ours.0;
    for (place, value) in place::ARGUMENTS.into_iter().zip(arguments) {
        words[place] = value;
    }
    words[place::INSTRUCTION] = gadget;
    // It is in no call: none is made again when it goes on.
    #[cfg(target_arch = "x86_64")]
    {
        words[place::RESULT] = number as u64;
        words[place::NUMBER] = u64::MAX;
    }
    #[cfg(target_arch = "aarch64")]
    {
        const X8: usize = 8;
        words[X8] = number as u64;
        skip_call(tid)?;
    }
    ours.write(tid)?;
    Ok(own)
}

/// Gives a tracee its own registers back.
pub(crate) fn give_back(tid: Tid, own: Registers) -> Result<(), Errno> {
    own.write(tid)
}

/// What the call has returned from which a tracee comes.
pub(crate) fn result_of(tid: Tid) -> Result<i64, Errno> {
    Ok(Registers::read(tid)?.0[place::RESULT] as i64)
}
