//! JSON Lines: a header, events, an end line.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Event, Level};

/// The version that this crate writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Always `trace`.
    forklore: String,
    /// Of the form.
    version: u32,
    /// How much could be seen.
    pub level: Level,
    /// Why not more, if the level is not full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The command that was run.
    pub command: Vec<String>,
    /// The plan that perturbed the run, in the observer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct End {
    /// Always `end`.
    forklore: String,
    events: u64,
}

impl Header {
    /// The header of an unperturbed run.
    pub fn new(level: Level, command: Vec<String>) -> Self {
        Self {
            forklore: "trace".to_owned(),
            version: VERSION,
            level,
            because: None,
            command,
            plan: None,
        }
    }
}

/// Writes a trace line by line.
#[derive(Debug)]
pub struct Writer<W: Write> {
    to: W,
    events: u64,
    /// The last line: the next one takes its place.
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What writing reports.
    pub fn new(mut to: W, header: &Header) -> io::Result<Self> {
        let mut line = Vec::new();
        write_line(&mut to, &mut line, header)?;
        Ok(Self { to, events: 0, line })
    }

    /// Writes one event; its `seq` becomes the number of its line.
    ///
    /// # Errors
    /// What writing reports.
    pub fn write(&mut self, event: &mut Event) -> io::Result<()> {
        event.seq = self.events;
        self.events += 1;
        write_line(&mut self.to, &mut self.line, event)
    }

    /// Gives on what a buffer holds.
    ///
    /// # Errors
    /// What writing reports.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Writes the end line, without which a trace counts as cut.
    ///
    /// # Errors
    /// What writing reports.
    pub fn finish(mut self) -> io::Result<W> {
        let end = End { forklore: "end".to_owned(), events: self.events };
        write_line(&mut self.to, &mut self.line, &end)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

fn write_line(
    to: &mut impl Write,
    line: &mut Vec<u8>,
    value: &impl Serialize,
) -> io::Result<()> {
    line.clear();
    serde_json::to_writer(&mut *line, value)?;
    line.push(b'\n');
    to.write_all(line)
}

/// Gives on what it reads, byte by byte the same: whoever reads a trace
/// through it has a copy.
#[derive(Debug)]
pub struct Copying<R: BufRead, W: Write> {
    from: R,
    to: W,
    failed: Option<io::Error>,
}

impl<R: BufRead, W: Write> Copying<R, W> {
    /// Copies to `to` what is read.
    pub fn new(from: R, to: W) -> Self {
        Self { from, to, failed: None }
    }

    /// Copies what is not read yet, without looking at it.
    ///
    /// # Errors
    /// What reading reports, and what writing has reported since the
    /// beginning: a copy that fails keeps nobody from reading on.
    pub fn finish(mut self) -> io::Result<W> {
        loop {
            let length = self.from.fill_buf()?.len();
            if length == 0 {
                break;
            }
            self.consume(length);
        }
        match self.failed {
            Some(error) => Err(error),
            None => self.to.flush().map(|()| self.to),
        }
    }
}

impl<R: BufRead, W: Write> Read for Copying<R, W> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(bytes)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead, W: Write> BufRead for Copying<R, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if self.failed.is_none() && amount > 0 {
            let piece = self.from.fill_buf().map(|it| &it[..amount]);
            self.failed = piece.and_then(|it| self.to.write_all(it)).err();
        }
        self.from.consume(amount);
    }
}

/// Why a trace could not be read, and at which line, counted from 1.
#[derive(Debug)]
pub struct ReadError {
    /// The line.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for ReadError {}

/// Reads a trace line by line: the header first, then as an iterator over
/// its events. A broken, newer or cut trace ends in an error.
#[derive(Debug)]
pub struct Reader<R: BufRead> {
    from: R,
    header: Header,
    line: u64,
    events: u64,
    is_over: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the first line is none, or of a newer version.
    pub fn new(mut from: R) -> Result<Self, ReadError> {
        let refuse = |why| Err(ReadError { line: 1, why });
        let value = match next_line(&mut from) {
            Ok(Some(value)) => value,
            Ok(None) => return refuse("the trace is empty".to_owned()),
            Err(why) => return refuse(why),
        };
        if value["forklore"] != "trace" {
            return refuse("this is no trace of Forklore".to_owned());
        }
        match value["version"].as_u64() {
            Some(version) if version <= VERSION.into() => {}
            Some(version) => {
                return refuse(format!(
                    "version {version} is newer than this program knows \
                     ({VERSION}); update it"
                ));
            }
            None => return refuse("the version is missing".to_owned()),
        }
        match serde_json::from_value(value) {
            Ok(header) => {
                Ok(Self { from, header, line: 1, events: 0, is_over: false })
            }
            Err(error) => refuse(error.to_string()),
        }
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Event>, String> {
        self.line += 1;
        let Some(value) = next_line(&mut self.from)? else {
            return Err("the trace is cut: its end line is missing".to_owned());
        };
        if value["forklore"] == "end" {
            let end: End =
                serde_json::from_value(value).map_err(|e| e.to_string())?;
            self.is_over = true;
            if end.events == self.events {
                return Ok(None);
            }
            return Err(format!(
                "{} events were written, {} are here",
                end.events, self.events
            ));
        }
        let event: Event =
            serde_json::from_value(value).map_err(|e| e.to_string())?;
        if event.seq != self.events {
            return Err(format!(
                "event {} stands where {} was expected",
                event.seq, self.events
            ));
        }
        self.events += 1;
        Ok(Some(event))
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.read() {
            Ok(event) => event.map(Ok),
            Err(why) => {
                self.is_over = true;
                Some(Err(ReadError { line: self.line, why }))
            }
        }
    }
}

fn next_line(from: &mut impl BufRead) -> Result<Option<Value>, String> {
    let mut text = String::new();
    let length = from.read_line(&mut text).map_err(|e| e.to_string())?;
    if length == 0 {
        return Ok(None);
    }
    if !text.ends_with('\n') {
        return Err("the line is cut".to_owned());
    }
    serde_json::from_str(&text).map(Some).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ending, What, Who};

    fn event(what: What) -> Event {
        Event {
            seq: 0,
            t_us: 1830,
            who: Who::first(),
            pid: 4711,
            pid_seen: None,
            start: 912_345,
            tid: None,
            name: "receiver".to_owned(),
            what,
        }
    }

    fn written() -> String {
        let header = Header::new(Level::Full, vec!["true".to_owned()]);
        let mut writer = Writer::new(Vec::new(), &header).unwrap();
        let created = What::Create {
            call: "fork".to_owned(),
            child: Some(Who::first().child(1)),
            child_pid: Some(4712),
            errno: None,
        };
        let ended = What::Exit { how: Ending::Code { code: 7 } };
        for what in [created, ended] {
            writer.write(&mut event(what)).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    fn refusal(text: &str) -> ReadError {
        match Reader::new(text.as_bytes()) {
            Ok(mut reader) => reader.find_map(Result::err).unwrap(),
            Err(error) => error,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = written();
        assert!(text.contains(
            "{\"seq\":1,\"t_us\":1830,\"who\":\"A\",\"pid\":4711,\
             \"start\":912345,\"name\":\"receiver\",\"event\":\"exit\",\
             \"code\":7}"
        ));
        let reader = Reader::new(text.as_bytes()).unwrap();
        assert_eq!(reader.header().level, Level::Full);
        let events: Vec<Event> = reader.map(Result::unwrap).collect();
        assert_eq!(events.len(), 2);
        assert_eq!(
            events[1].what,
            What::Exit { how: Ending::Code { code: 7 } }
        );
    }

    #[test]
    fn an_ending_that_nobody_could_tell_is_read_as_one() {
        let header = Header::new(Level::Light, vec!["true".to_owned()]);
        let mut writer = Writer::new(Vec::new(), &header).unwrap();
        let how = Ending::Unknown { unknown: true };
        writer.write(&mut event(What::Exit { how })).unwrap();
        let text = writer.finish().unwrap();
        let mut reader = Reader::new(&*text).unwrap();
        let what = reader.next().unwrap().unwrap().what;
        let how = Ending::Unknown { unknown: true };
        assert_eq!(what, What::Exit { how });
    }

    #[test]
    fn a_newer_trace_is_refused() {
        let text = written().replace("\"version\":1", "\"version\":2");
        let error = refusal(&text);
        assert_eq!(error.line, 1);
        assert!(error.why.contains("newer"), "{error}");
    }

    #[test]
    fn a_cut_trace_is_refused_with_its_line() {
        let text = written();
        for length in 1..text.len() {
            let error = refusal(&text[..length]);
            let lines = text[..length].matches('\n').count() as u64;
            assert_eq!(error.line, lines + 1, "cut at {length}: {error}");
        }
    }

    #[test]
    fn a_missing_event_is_noticed() {
        let text = written();
        let without: Vec<&str> = text
            .lines()
            .enumerate()
            .filter(|(number, _)| *number != 1)
            .map(|(_, line)| line)
            .collect();
        assert_eq!(refusal(&(without.join("\n") + "\n")).line, 2);
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        for text in ["", "{}\n", "[]\n", "hello\n", "{\"forklore\":\"end\"}\n"]
        {
            assert_eq!(refusal(text).line, 1, "{text}");
        }
    }

    #[test]
    fn a_copy_is_the_same_whether_it_is_read_or_not() {
        let text = written();
        let mut copy = Copying::new(text.as_bytes(), Vec::new());
        let reader = Reader::new(&mut copy).unwrap();
        assert_eq!(reader.filter(Result::is_ok).count(), 2);
        assert_eq!(copy.finish().unwrap(), text.as_bytes());
        let unread = Copying::new(text.as_bytes(), Vec::new());
        assert_eq!(unread.finish().unwrap(), text.as_bytes());
    }

    #[test]
    fn a_copy_that_fails_keeps_nobody_from_reading() {
        let text = written();
        let mut short = [0; 40];
        let mut copy = Copying::new(text.as_bytes(), &mut short[..]);
        let reader = Reader::new(&mut copy).unwrap();
        assert_eq!(reader.filter(Result::is_ok).count(), 2);
        let error = copy.finish().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }
}
