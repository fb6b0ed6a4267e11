//! Moments as people and files write them, always in UTC.

use std::time::{Duration, SystemTime};
use time::OffsetDateTime;

/// A moment as RFC 3339 writes it, to the millisecond: `2026-11-20T17:44:51.123Z`.
pub fn text(moment: SystemTime) -> String {
    let utc = date(moment);
    let (date, time) = (utc.date(), utc.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

/// A moment in the name of a folder, to the second, so that names sort by time: `20261120T174451Z`.
pub fn stamp(moment: SystemTime) -> String {
    let utc = date(moment);
    let (date, time) = (utc.date(), utc.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// A clock before 1970 or after 9999 is wrong; the epoch says so plainly.
fn date(moment: SystemTime) -> OffsetDateTime {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let nanoseconds = i128::try_from(since.as_nanos()).unwrap_or(0);
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        // Checked with `date -u -d @1795196691`.
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_196_691_123);
        assert_eq!(text(moment), "2026-11-20T17:44:51.123Z");
        assert_eq!(stamp(moment), "20261120T174451Z");
        assert_eq!(text(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00.000Z");
        let leap_day = SystemTime::UNIX_EPOCH + Duration::from_secs(951_782_400);
        assert_eq!(stamp(leap_day), "20000229T000000Z");
    }
}
