//! The program executes itself as its own child.

use std::env::{args_os, current_exe};
use std::error::Error;
use std::os::unix::process::parent_id;
use std::process::{Command, id};

fn main() -> Result<(), Box<dyn Error>> {
    if args_os().nth(1).is_some_and(|it| it == "child") {
        println!("child {} of {}", id(), parent_id());
        return Ok(());
    }
    let status = Command::new(current_exe()?).arg("child").status()?;
    if !status.success() {
        return Err("the child has failed".into());
    }
    println!("parent {}", id());
    Ok(())
}
