//! Programs that run beside the learner's, and are not observed.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use crate::place::Place;
use crate::questions::{HelperQuestion, RunQuestion};

/// A helper says its line within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// A longer line is none.
const LINE: u64 = 4096;

/// The helpers of a run; ended when dropped.
#[derive(Debug)]
pub(crate) struct Helpers {
    running: Vec<Child>,
    said: Vec<(String, String)>,
}

impl Helpers {
    /// Starts them, one after the other, each when the one before has said
    /// its first line.
    pub(crate) fn start(
        question: &RunQuestion,
        place: &Place,
    ) -> io::Result<Self> {
        let mut helpers = Self { running: Vec::new(), said: Vec::new() };
        for helper in &question.helpers {
            helpers.add(helper, place)?;
        }
        Ok(helpers)
    }

    fn add(
        &mut self,
        helper: &HelperQuestion,
        place: &Place,
    ) -> io::Result<()> {
        let folder = place.folder();
        let arguments = helper.arguments.iter();
        let name = helper.name.get_ref();
        let mut child =
            Command::new(place.programs().join(helper.program.get_ref()))
                .args(arguments.map(|it| it.filled(place, &self.said)))
                .current_dir(&folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        self.running.push(child);
        let (tell, told) = channel();
        Builder::new().spawn(move || {
            let mut line = String::new();
            let mut stdout = BufReader::new(stdout).take(LINE);
            stdout.read_line(&mut line).ok();
            tell.send(line.trim_end().to_owned()).ok();
            io::copy(&mut stdout.into_inner(), &mut io::sink()).ok();
        })?;
        let line = told.recv_timeout(PATIENCE).map_err(|_| {
            io::Error::other(format!("the helper '{name}' says nothing"))
        })?;
        self.said.push((name.clone(), line));
        Ok(())
    }

    /// What each said on its first line.
    pub(crate) fn said(&self) -> &[(String, String)] {
        &self.said
    }
}

impl Drop for Helpers {
    /// The end of its standard input asks a helper to end; it may have
    /// processes of its own to collect.
    fn drop(&mut self) {
        for mut helper in self.running.drain(..) {
            drop(helper.stdin.take());
            helper.wait().ok();
        }
    }
}
