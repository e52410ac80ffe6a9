//! TP-Service-Centre-Time-Stamp (23.040 9.2.3.11): local time in swapped digits and a zone in
//! quarter hours.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Timelike, Utc};
use std::fmt;

/// A time stamp as it came: year, month, day, hour, minute, second, zone, each one octet of swapped
/// decimal digits.
///
/// Impossible ones are kept too; [`Scts::to_utc`] has no answer for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scts(pub [u8; 7]);

/// The bit of the zone's octet that is its sign.
const NEGATIVE: u8 = 0x08;

/// The value of an octet of swapped decimal digits, `None` when one of them is not a decimal digit.
fn decimal(octet: u8) -> Option<u8> {
    let (tens, units) = (octet & 0x0f, octet >> 4);
    (tens <= 9 && units <= 9).then_some(tens * 10 + units)
}

/// 0–99 as an octet of swapped decimal digits.
fn swapped(value: u32) -> u8 {
    let value = (value % 100) as u8;
    ((value % 10) << 4) | (value / 10)
}

impl Scts {
    /// The time in the given zone (quarter hours east of UTC, −79 to 79; beyond that it is cut), to
    /// the second.
    ///
    /// The year's century is not on the wire: years outside 1970–2069 come back as another one.
    #[must_use]
    pub fn from_utc(time: DateTime<Utc>, zone_quarter_hours: i8) -> Scts {
        let zone = zone_quarter_hours.clamp(-79, 79);
        let local = time
            .naive_utc()
            .checked_add_signed(TimeDelta::minutes(i64::from(zone) * 15))
            .unwrap_or_default();
        let sign = if zone < 0 { NEGATIVE } else { 0 };
        Scts([
            swapped(local.year().rem_euclid(100).unsigned_abs()),
            swapped(local.month()),
            swapped(local.day()),
            swapped(local.hour()),
            swapped(local.minute()),
            swapped(local.second()),
            swapped(u32::from(zone.unsigned_abs())) | sign,
        ])
    }

    /// The stamp that text mode shows as `26/06/22,12:57:03+08`, the zone in quarter hours (27.005
    /// 3.1); `None` when this is none.
    pub(super) fn from_text(text: &str) -> Option<Scts> {
        let (date, clock) = text.split_once(',')?;
        let zone_at = clock.rfind(['+', '-'])?;
        let (clock, zone) = clock.split_at_checked(zone_at)?;
        let numbers = date.split('/').chain(clock.split(':'));
        let numbers: Option<Vec<u32>> = numbers.map(|number| number.trim().parse().ok()).collect();
        let [year, month, day, hour, minute, second] = *numbers?.as_slice() else { return None };
        let zone: i32 = zone.trim().parse().ok().filter(|zone| (-79..=79).contains(zone))?;
        if [month, day, hour, minute, second].iter().any(|number| *number > 99) {
            return None;
        }
        let sign = if zone < 0 { NEGATIVE } else { 0 };
        Some(Scts([
            swapped(year),
            swapped(month),
            swapped(day),
            swapped(hour),
            swapped(minute),
            swapped(second),
            swapped(zone.unsigned_abs()) | sign,
        ]))
    }

    /// Quarter hours east of UTC, −79 to 79; `None` when its digits are none.
    #[must_use]
    pub fn zone_quarter_hours(&self) -> Option<i8> {
        let octet = self.0[6];
        let quarters = i8::try_from(decimal(octet & !NEGATIVE)?).ok()?;
        Some(if octet & NEGATIVE == 0 { quarters } else { -quarters })
    }

    /// The moment that it names, `None` when there is no such moment. Years 70–99 are of the last
    /// century.
    #[must_use]
    pub fn to_utc(&self) -> Option<DateTime<Utc>> {
        self.local().map(|local| local.to_utc())
    }

    /// The same with the sender's zone.
    #[must_use]
    pub fn local(&self) -> Option<DateTime<FixedOffset>> {
        let [year, month, day, hour, minute, second, _] =
            self.0.map(|octet| decimal(octet).map(u32::from));
        let year = year?;
        let year = if year >= 70 { 1900 + year } else { 2000 + year };
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month?, day?)?;
        let time = date.and_hms_opt(hour?, minute?, second?)?;
        let zone = FixedOffset::east_opt(i32::from(self.zone_quarter_hours()?) * 15 * 60)?;
        time.and_local_timezone(zone).single()
    }
}

/// RFC 3339 with the zone, or the seven octets in hex for an impossible one.
impl fmt::Display for Scts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.local() {
            Some(local) => write!(f, "{}", local.format("%Y-%m-%dT%H:%M:%S%:z")),
            None => self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}")),
        }
    }
}
