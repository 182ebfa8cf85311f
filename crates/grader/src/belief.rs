//! Whether a run is to be believed.

use std::io;

use trace::What;

use crate::panic::{Panic, own_function};
use crate::record::{Cut, Record};
use crate::run::{Setting, run};

/// So many times as long may a run take on a machine that has no time for it.
const EXTENSION: u64 = 8;

/// A run whose hang is beyond doubt. A process that a plan holds looks
/// stopped; if the trace knows of no stop, the look was taken in a hold.
pub(crate) fn believable(setting: &Setting<'_>) -> io::Result<Record> {
    const TRIES: u32 = 5;
    let mut record = run(setting)?;
    for _ in 1..TRIES {
        let Some(Cut::Stuck(answer)) = &record.cut else { break };
        let says_stopped = answer.causes.contains(&why::Cause::WaitsForStopped);
        let is_stop = |what: &What| matches!(what, What::Stop { .. });
        let is_stopped = record.events.iter().any(|it| is_stop(&it.what));
        if !says_stopped || is_stopped {
            break;
        }
        record = run(setting)?;
    }
    if let Some(Cut::Stuck(answer)) = &record.cut
        && may_be_alarmed(answer, &record)
    {
        record = run(&Setting { is_patient: true, ..setting.clone() })?;
    }
    // What a starved run would have done is not known: it gets more time.
    let is_late = matches!(record.cut, Some(Cut::Wall));
    if setting.may_be_late && record.is_starved && is_late {
        let mut patient = setting.clone();
        patient.limits.wall_ms *= EXTENSION;
        record = run(&patient)?;
    }
    record.panicking = panicking(setting, &record)?;
    Ok(record)
}

/// Where in the program a library was called that panicked: it is run once
/// more for that.
fn panicking(
    setting: &Setting<'_>,
    record: &Record,
) -> io::Result<Option<String>> {
    let panic = Panic::first_in(&record.stderr);
    if panic.is_none_or(|it| it.library().is_none()) {
        return Ok(None);
    }
    let again = run(&Setting { has_frames: true, ..setting.clone() })?;
    Ok(own_function(&again.stderr))
}

/// Whether a hang may have ended by an alarm: `why` could not rule one out,
/// and the trace has one.
fn may_be_alarmed(answer: &why::Answer, record: &Record) -> bool {
    let mut events = record.events.iter();
    !answer.unless.is_empty()
        && events.any(|it| matches!(it.what, What::Alarm { after_us: 1.., .. }))
}

/// Whether the machine, and not the disk or a limit, is the reason.
pub(crate) fn is_of_observing(error: &io::Error) -> bool {
    let says = error.to_string();
    says.contains("this machine does not let") || says.contains("needs level")
}
