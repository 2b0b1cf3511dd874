//! How export files are named. The only place that spells it.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, Utc};

/// How many files may share a second, or a day.
const NUMBER_MAX: u32 = 9_999;

/// The names that the document of a rotation may get, in the order in which
/// they are tried: `audit_YYYY_MM_DD_HHMMSS.json` (UTC), then with `_2`, `_3`…
pub(crate) fn rotation_names(time: DateTime<Utc>) -> impl Iterator<Item = String> {
    numbered(time.format("audit_%Y_%m_%d_%H%M%S").to_string())
}

/// The names that the daily document may get: `audit_YYYYMMDD.json`, then with
/// `_2`, `_3`…
pub(crate) fn snapshot_names(day: NaiveDate) -> impl Iterator<Item = String> {
    numbered(day.format("audit_%Y%m%d").to_string())
}

fn numbered(stem: impl Display) -> impl Iterator<Item = String> {
    (1..=NUMBER_MAX).map(move |number| match number {
        1 => format!("{stem}.json"),
        _ => format!("{stem}_{number}.json"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a16_rotation_names_are_utc_to_the_second_then_numbered() {
        let time = "2025-01-15T12:30:45.999999+02:00".parse::<DateTime<chrono::FixedOffset>>();
        let names: Vec<_> = rotation_names(time.unwrap().to_utc()).take(3).collect();
        assert_eq!(
            names,
            [
                "audit_2025_01_15_103045.json",
                "audit_2025_01_15_103045_2.json",
                "audit_2025_01_15_103045_3.json"
            ]
        );
    }

    #[test]
    fn a25_the_daily_name_is_the_day() {
        let day = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
        let names: Vec<_> = snapshot_names(day).take(2).collect();
        assert_eq!(names, ["audit_20251201.json", "audit_20251201_2.json"]);
    }

    #[test]
    fn a16_two_rotations_in_a_second_make_two_files() {
        use crate::fs::{OsFilesystem, write_new_atomically};
        let home = tempfile::tempdir().unwrap();
        let time = DateTime::from_timestamp(1_736_937_045, 0).unwrap();
        for (name, text) in
            [("audit_2025_01_15_103045.json", "1"), ("audit_2025_01_15_103045_2.json", "2")]
        {
            let path =
                write_new_atomically(&OsFilesystem, home.path(), rotation_names(time), |out| {
                    out.write_all(text.as_bytes())
                })
                .unwrap();
            assert_eq!(path, home.path().join(name));
        }
    }
}
