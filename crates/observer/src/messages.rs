//! Messages of sockets: how many bytes they carried, and which descriptors
//! came with them.

use std::io::Write;

use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, read_memory};
use crate::tree::Index;

/// Words of a `struct mmsghdr`: a `struct msghdr` of seven, then the bytes.
const WORDS: usize = 8;
/// Of a `struct cmsghdr`: length, level and type.
const CONTROL_HEADER: usize = 16;
/// More than the descriptors of the largest message (`SCM_MAX_FD`) take.
const CONTROL_READ: usize = 4096;
const SCM_PIDFD: i32 = 4; // <linux/socket.h>

/// What a call has moved. recvmmsg(2) and sendmmsg(2) return how many
/// messages there were; their bytes stand in memory, message by message.
pub(crate) fn bytes_of(tid: Tid, call: &PendingCall, value: i64) -> i64 {
    if !matches!(call.row.name, "recvmmsg" | "sendmmsg") || value <= 0 {
        return value;
    }
    messages(tid, call, value)
        .map(|message| i64::from(message[WORDS - 1] as u32))
        .sum()
}

/// The headers of the messages of a call.
fn messages(
    tid: Tid,
    call: &PendingCall,
    count: i64,
) -> impl Iterator<Item = [u64; WORDS]> {
    let [_, at, asked, ..] = call.arguments;
    let count = u64::try_from(count).unwrap_or(0).min(asked);
    let size = size_of::<[u64; WORDS]>() as u64;
    (0..count).map(move |number| header(tid, at.wrapping_add(number * size)))
}

fn header(tid: Tid, at: u64) -> [u64; WORDS] {
    let mut bytes = [0; size_of::<[u64; WORDS]>()];
    read_memory(tid, at, &mut bytes);
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = bytes.try_into().map_or(0, u64::from_ne_bytes);
    }
    words
}

impl<W: Write> Keeper<W> {
    /// Descriptors that came through a socket are in the table now.
    pub(crate) fn receives(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let headers: Vec<[u64; WORDS]> = match call.row.name {
            "recvmsg" if value >= 0 => {
                vec![header(tid, call.arguments[1])]
            }
            "recvmmsg" => messages(tid, call, value).collect(),
            _ => return,
        };
        for [_, _, _, _, control, length, ..] in headers {
            for fd in descriptors_in(tid, control, length) {
                self.made(index, tid, call, fd);
            }
        }
    }
}

/// The descriptors in the control part of a message (cmsg(3)).
fn descriptors_in(tid: Tid, control: u64, length: u64) -> Vec<i32> {
    let mut bytes = vec![0; CONTROL_READ.min(length as usize)];
    let length = read_memory(tid, control, &mut bytes);
    let mut rest = &bytes[..length];
    let mut found = Vec::new();
    while let Some((header, _)) = rest.split_at_checked(CONTROL_HEADER) {
        let number = |at: usize| {
            let bytes =
                header.get(at..at + 4).and_then(|it| it.try_into().ok());
            bytes.map_or(0, i32::from_ne_bytes)
        };
        let (size, level, kind) = (number(0) as usize, number(8), number(12));
        let Some(data) = rest.get(CONTROL_HEADER..size) else { break };
        if level == libc::SOL_SOCKET
            && matches!(kind, libc::SCM_RIGHTS | SCM_PIDFD)
        {
            let numbers = data.chunks_exact(4);
            found.extend(numbers.filter_map(|it| {
                Some(i32::from_ne_bytes(it.try_into().ok()?))
            }));
        }
        rest = rest.get(size.next_multiple_of(8)..).unwrap_or_default();
    }
    found
}
