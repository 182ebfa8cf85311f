//! The seccomp filter: which system calls stop their caller, decided in the
//! kernel, so that all others cost nothing.
//!
//! The low 16 bits of a stop's return value carry the index of its row in
//! the table and whether the return is wanted too: they come back with the
//! stop (`PTRACE_GET_SYSCALL_INFO`), and no register is read.

use libc::{c_long, sock_filter};

use crate::table::{Row, Test};

#[cfg(target_arch = "x86_64")]
pub(crate) const NATIVE: u32 = 0xc000_003e; // AUDIT_ARCH_X86_64, <linux/audit.h>
#[cfg(target_arch = "aarch64")]
pub(crate) const NATIVE: u32 = 0xc000_00b7; // AUDIT_ARCH_AARCH64

const NUMBER: u32 = 0; // offsets in struct seccomp_data
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSE: u32 = libc::SECCOMP_RET_ERRNO;

/// The program to install, after the tracer has seized its child; each row
/// comes with the number that its stops carry.
pub(crate) fn program(
    rows: impl Iterator<Item = (usize, Row)>,
) -> Vec<sock_filter> {
    let not_here = ret(REFUSE | libc::ENOSYS as u32);
    let mut program = vec![
        load(ARCH),
        // A foreign architecture has other numbers: nothing would be seen.
        jump(libc::BPF_JEQ, NATIVE, 1, 0),
        not_here,
        load(NUMBER),
    ];
    #[cfg(target_arch = "x86_64")]
    program.extend([jump(libc::BPF_JGE, 0x4000_0000, 0, 1), not_here]); // x32
    for (index, row) in rows {
        program.extend(on(row.number, stop(index, &row)));
    }
    program.push(ret(ALLOW));
    program
}

/// `handler`, which always returns, for this call; the rest for others.
fn on(number: c_long, handler: Vec<sock_filter>) -> Vec<sock_filter> {
    let length = handler.len() as u8;
    let mut code = vec![jump(libc::BPF_JEQ, number as u32, 0, length)];
    code.extend(handler);
    code
}

fn stop(index: usize, row: &Row) -> Vec<sock_filter> {
    let trace = ret(libc::SECCOMP_RET_TRACE | index as u32);
    match row.test {
        Test::Always => vec![trace],
        Test::HasBit { argument, bit } => vec![
            load_argument(argument),
            jump(libc::BPF_JSET, bit, 0, 1),
            trace,
            ret(ALLOW),
        ],
        Test::IsOneOf { argument, mask, values } => {
            let mut code = vec![
                load_argument(argument),
                statement(libc::BPF_ALU | libc::BPF_AND, mask),
            ];
            code.extend(if_one_of(values, trace));
            code
        }
        // Milliseconds, an int: the low word.
        Test::Waits { argument } => vec![
            load_argument(argument),
            jump(libc::BPF_JEQ, 0, 0, 1),
            ret(ALLOW),
            trace,
        ],
        Test::HasPointer { argument } => {
            let mut code = allow_null(argument);
            code.push(trace);
            code
        }
        Test::ActsOn { signals } => {
            let mut code = allow_null(1);
            code.push(load_argument(0));
            code.extend(if_one_of(signals, trace));
            code
        }
    }
}

fn if_one_of(values: &[u32], trace: sock_filter) -> Vec<sock_filter> {
    let count = values.len() as u8;
    let mut code: Vec<sock_filter> = values
        .iter()
        .zip((1..=count).rev())
        .map(|(value, left)| jump(libc::BPF_JEQ, *value, left, 0))
        .collect();
    code.extend([ret(ALLOW), trace]);
    code
}

/// Both words of a pointer are looked at: its low one alone may be zero.
fn allow_null(argument: u8) -> Vec<sock_filter> {
    let low = ARGUMENTS + 8 * u32::from(argument);
    vec![
        load(low),
        jump(libc::BPF_JEQ, 0, 0, 3),
        load(low + 4),
        jump(libc::BPF_JEQ, 0, 0, 1),
        ret(ALLOW),
    ]
}

/// The low word of an argument; both architectures are little-endian.
fn load_argument(argument: u8) -> sock_filter {
    load(ARGUMENTS + 8 * u32::from(argument))
}

fn load(offset: u32) -> sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

fn ret(value: u32) -> sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, value)
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn jump(test: u32, k: u32, if_true: u8, if_false: u8) -> sock_filter {
    let code = (libc::BPF_JMP | test | libc::BPF_K) as u16;
    sock_filter { code, jt: if_true, jf: if_false, k }
}
