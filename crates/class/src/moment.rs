//! A moment in time, as an instructor writes it: `2027-02-01T23:59:00Z`.

use serde::{Deserialize, Deserializer, de};

/// Seconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment(i64);

impl Moment {
    /// Of seconds since 1970.
    pub fn of_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339: a date, `T` or a space, a time, and `Z` or an offset
    /// such as `+02:00`.
    ///
    /// # Errors
    /// What is missing.
    pub fn read(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| {
            format!(
                "'{}' is no moment such as 2027-02-01T23:59:00Z or \
                 2027-02-01T23:59:00+01:00",
                grader::clean(text)
            )
        })
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = match Written::deserialize(from)? {
            Written::Text(text) => text,
            Written::Date(date) => date.to_string(),
        };
        Self::read(&text).map_err(de::Error::custom)
    }
}

/// With quotes, or as TOML has moments of its own.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a moment is written as 2027-02-01T23:59:00+01:00"
)]
enum Written {
    Text(String),
    Date(toml::value::Datetime),
}

fn read(text: &str) -> Option<Moment> {
    let part = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        let are_digits = digits.bytes().all(|it| it.is_ascii_digit());
        are_digits.then(|| digits.parse().ok())?
    };
    let bytes = text.as_bytes();
    let is = |at: usize, allowed: &[u8]| {
        bytes.get(at).is_some_and(|it| allowed.contains(it))
    };
    let is_shaped = is(4, b"-")
        && is(7, b"-")
        && is(10, b"T ")
        && is(13, b":")
        && is(16, b":");
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let is_one = is_shaped
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    let offset = offset(text.get(19..)?)?;
    let days = days_before(year, month) + day - 1;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    is_one.then_some(Moment(seconds - offset))
}

/// Seconds east of Greenwich.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let is_shaped = hours.len() == 2 && minutes.len() == 2;
    let (hours, minutes): (i64, i64) =
        (hours.parse().ok()?, minutes.parse().ok()?);
    let is_one =
        is_shaped && (0..24).contains(&hours) && (0..60).contains(&minutes);
    is_one.then_some(sign * (hours * 60 + minutes) * 60)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && year % 100 != 0 || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|it| days_in(year, it)).sum::<i64>()
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn a_moment_is_counted_from_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2027-02-01T23:59:00Z", 1_801_526_340),
            ("2027-02-01 23:59:00+01:00", 1_801_522_740),
            ("2024-02-29T12:00:00-05:30", 1_709_227_800),
        ] {
            assert_eq!(Moment::read(text), Ok(Moment(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2027-02-01",
            "2027-02-01T23:59:00",
            "2027-02-30T00:00:00Z",
            "2027-13-01T00:00:00Z",
            "2027-02-01T24:00:00Z",
            "tomorrow",
            "2027-02-01T23:59:00+1",
            "2027-02-01T23:59:00Zé",
            "２027-02-01",
        ] {
            assert!(Moment::read(text).is_err(), "{text}");
        }
    }
}
