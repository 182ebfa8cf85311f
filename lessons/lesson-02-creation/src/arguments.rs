//! Arguments without transport: fork copied the memory they stand in.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

#[derive(Clone, Copy)]
enum Way {
    Positional,
    Named,
    Mixed,
}

/// Rust's named arguments: fields that must all be named, in any order.
struct Person {
    name: String,
    age: u32,
}

struct Options {
    age: u32,
}

pub(crate) fn run() -> Result {
    let name = String::from("John");
    let age = 25;

    for way in [Way::Positional, Way::Named, Way::Mixed] {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork the worker")? {
            // `name` moves into the worker's call, in every round: what moves
            // is the copy of a process that never comes back to this loop.
            ForkResult::Child => exit_child(match way {
                Way::Positional => positional(name, age),
                Way::Named => named(Person { age, name }),
                Way::Mixed => mixed(name, Options { age }),
            }),
            ForkResult::Parent { child } => {
                expect_success(waitpid(child, None)?)?;
            }
        }
    }
    say!("Parent process executing");
    Ok(())
}

fn positional(name: String, age: u32) -> Result {
    role("worker");
    say!("Worker process executing with name: {name} and age: {age}");
    Ok(())
}

fn named(Person { name, age }: Person) -> Result {
    role("worker");
    say!("Worker process executing with name: {name} and age: {age}");
    Ok(())
}

fn mixed(name: String, Options { age }: Options) -> Result {
    role("worker");
    say!("Worker process executing with name: {name} and age: {age}");
    Ok(())
}
