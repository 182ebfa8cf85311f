//! What the tests of the observer observe: a program that behaves as its
//! first argument says. With `observe` it is the one that observes.

mod bytes;
mod calls;
mod endings;
mod kin;
mod moves;
mod namespaces;
mod refused;
mod sent;
mod stopped;
mod storm;
mod tables;
mod watcher;
mod zombies;

use std::process::ExitCode;

fn main() -> ExitCode {
    observer::keeper_main();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        return ExitCode::from(2);
    };
    if name == "observe" {
        return watcher::observe(rest);
    }
    if name == "deaf" {
        return ExitCode::from(stopped::then_deaf(rest));
    }
    let number = rest.first().and_then(|text| text.parse().ok()).unwrap_or(0);
    match behave(name, number) {
        Some(code) => ExitCode::from(code),
        None => {
            eprintln!("observed: no behaviour is called {name}");
            ExitCode::from(2)
        }
    }
}

/// Does what is asked for; the exit code.
fn behave(name: &str, number: i32) -> Option<u8> {
    kin::behave(name, number)
        .or_else(|| zombies::behave(name, number))
        .or_else(|| endings::behave(name, number))
        .or_else(|| stopped::behave(name, number))
        .or_else(|| bytes::behave(name, number))
        .or_else(|| moves::behave(name))
        .or_else(|| namespaces::behave(name))
        .or_else(|| tables::behave(name, number))
        .or_else(|| refused::behave(name))
        .or_else(|| sent::behave(name))
        .or_else(|| storm::behave(name, number))
}
