//! Bytes travel, the borders between writes do not.

use std::fs::File;
use std::io::{Read, Write};

use common::{Context, Result, say};
use nix::unistd::{pipe, read, write};

const MESSAGES: [&str; 3] = ["Hi", "How are you?", "Bye"];

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;
    for message in MESSAGES {
        write(&write_end, message.as_bytes())?;
    }
    let mut buffer = [0; 64];
    let length = read(&read_end, &mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..length]);
    say!("three writes, one read of {length} bytes: {text:?}");

    write(&write_end, MESSAGES[1].as_bytes())?;
    let length = read(&read_end, &mut buffer[..8])?;
    let text = String::from_utf8_lossy(&buffer[..length]);
    say!("a buffer of 8, a read of {length} bytes: {text:?}");
    let length = read(&read_end, &mut buffer[..8])?;
    let text = String::from_utf8_lossy(&buffer[..length]);
    say!("and once more, {length} bytes: {text:?}");

    let mut writer = File::from(write_end);
    for message in MESSAGES {
        send(&mut writer, message)?;
    }
    drop(writer);
    let mut reader = File::from(read_end);
    while let Some(message) = receive(&mut reader)? {
        say!("with its length in front: {message:?}");
    }
    Ok(())
}

fn send(pipe: &mut File, message: &str) -> Result {
    pipe.write_all(&[message.len() as u8])?;
    pipe.write_all(message.as_bytes())?;
    Ok(())
}

/// The next message; `None` at the end of file, which may only come here.
fn receive(pipe: &mut File) -> Result<Option<String>> {
    let mut length = [0];
    if pipe.read(&mut length)? == 0 {
        return Ok(None);
    }
    let mut message = vec![0; length[0].into()];
    // read may return less than was asked for; read_exact asks again.
    pipe.read_exact(&mut message)?;
    Ok(Some(String::from_utf8_lossy(&message).into_owned()))
}
