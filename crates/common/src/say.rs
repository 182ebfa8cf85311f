//! One line, one `write(2)`.

use std::fmt::Arguments;
use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;

use crate::trouble;

/// Prints one line with one `write(2)`, past every buffer: a line of two
/// processes never mixes with another (up to `PIPE_BUF` bytes), and `fork`
/// has no half-printed text to copy.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::line(::core::format_args!($($text)*)) };
}

#[doc(hidden)]
pub fn line(text: Arguments<'_>) {
    if let Err(errno) = write_line(io::stdout(), text) {
        trouble::lose_output(errno);
    }
}

pub(crate) fn write_line(
    to: impl AsFd,
    text: Arguments<'_>,
) -> nix::Result<()> {
    let line = format!("{text}\n");
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        match nix::unistd::write(&to, rest) {
            Ok(n) => rest = &rest[n..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
