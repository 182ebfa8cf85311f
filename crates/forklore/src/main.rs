//! `forklore`: see what a command's processes do.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod lesson;
mod see;
mod surroundings;

/// See what a command's processes do.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 80)]
struct Forklore {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a command and draws what its processes did.
    See(see::See),
}

fn main() -> ExitCode {
    observer::keeper_main();
    match Forklore::parse().command {
        Command::See(see) => see.run(),
    }
}
