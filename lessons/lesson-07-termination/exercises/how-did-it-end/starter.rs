use std::env::args_os;
use std::error::Error;
use std::process::{Command, ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let program = arguments.next().ok_or("usage: report CMD [ARG...]")?;
    let status = Command::new(program).args(arguments).status()?;
    let code = status.code().unwrap();
    println!("exited {code}");
    Ok(ExitCode::from(u8::try_from(code)?))
}
