//! `status`: the whole site on one screen, once or continuously.

mod quit_key;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::modem::last_sim;
use super::print;
use super::screen::{Cell, Colour, Fit, Line, Screen};
use crate::daemon::system_sources;
use crate::domain::modem::ModemState;
use crate::http::AdminClient;
use quit_key::QuitKey;

/// How many lines of modems are shown however much else there is.
const MIN_MODEM_LINES: usize = 5;
/// How many lines of alarms are shown at most: the modems and the stock below show their causes.
const MAX_ALARM_LINES: usize = 6;
/// How the columns of the modems fit into a narrow terminal: what signal and network there is
/// matters less than why a modem does not work, and half a number is none.
const MODEM_FITS: &[Fit] =
    &[Fit::Cut, Fit::Whole, Fit::Whole, Fit::LeftOut, Fit::LeftOut, Fit::Whole, Fit::Cut];
/// Stands for what is not known, as in the other tables.
const UNKNOWN: &str = "-";

/// Prints the status once.
pub(super) async fn once(client: &AdminClient, json: bool) -> anyhow::Result<()> {
    let site = Site::fetch(client).await?;
    if json {
        return print::json(&site.status);
    }
    let lines = site.lines(&Screen::of_stdout(), system_sources::utc_now());
    lines.into_iter().try_for_each(print::line)
}

/// Shows the status continuously until interrupted or, on a terminal, until `q` is pressed: there
/// as a screen that is redrawn, elsewhere as one line each time. A daemon that is restarted
/// meanwhile is waited for.
pub(super) async fn watch(client: &AdminClient, json: bool, every: Duration) -> anyhow::Result<()> {
    let mut keys = QuitKey::of_terminal();
    // The key is waited for all the time, also while the daemon leaves a question unanswered.
    tokio::select! {
        ended = show_repeatedly(client, json, every) => ended,
        () = keys.pressed() => Ok(()),
    }
}

/// Shows the status again and again until nobody reads it.
async fn show_repeatedly(client: &AdminClient, json: bool, every: Duration) -> anyhow::Result<()> {
    let mut was_reached = false;
    loop {
        let screen = Screen::of_stdout();
        let fetched = Site::fetch(client).await;
        let now = system_sources::utc_now();
        was_reached |= fetched.is_ok();
        match (fetched, screen.size) {
            (Ok(site), _) if json => print::json_line(&site.status)?,
            (Ok(site), None) => print::line(site.summary(now))?,
            (Ok(site), Some(_)) => print::redraw(&site.lines(&screen, now))?,
            // The daemon may be restarting.
            (Err(error), Some(_)) if !json => print::redraw(&[format!("{error:#}").into()])?,
            (Err(error), _) if was_reached => print::complain(format_args!("simbridge: {error:#}")),
            (Err(error), _) => return Err(error),
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            gone = print::reader_gone() => return Err(gone.into()),
        }
    }
}

/// The state of the site, as the daemon reports it.
struct Site {
    /// What `status --json` prints.
    status: Value,
    modems: Vec<Value>,
}

impl Site {
    async fn fetch(client: &AdminClient) -> anyhow::Result<Site> {
        let mut status = client.get("/status").await?;
        // A daemon that serves a central one has no orders and no stock.
        if status.get("site").is_none() {
            let overview = client.get("/overview").await?;
            if let (Some(status), Value::Object(overview)) = (status.as_object_mut(), overview) {
                status.extend(overview);
            }
        }
        let modems = client.get("/modems").await?.as_array().cloned().unwrap_or_default();
        Ok(Site { status, modems })
    }

    fn number(&self, path: &str) -> u64 {
        self.status.pointer(path).and_then(Value::as_u64).unwrap_or(0)
    }

    fn list(&self, key: &str) -> &[Value] {
        self.status.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn last_sms(&self) -> String {
        match self.status.get("last_message_seconds").and_then(Value::as_u64) {
            Some(seconds) => format!("{} ago", span(seconds)),
            None => "none yet".to_owned(),
        }
    }

    /// Of a daemon that serves a central one: its site's name, whether it is connected, in words,
    /// and the colour for that.
    fn link(&self) -> Option<(&str, String, Colour)> {
        let site = self.status.get("site")?.as_str()?;
        let link = self.status.get("link").unwrap_or(&Value::Null);
        Some(match link.get("connected").and_then(Value::as_bool) {
            Some(true) => (site, format!("connected to {}", text(link, "central")), Colour::Good),
            _ => (site, format!("not connected: {}", text(link, "reason")), Colour::Bad),
        })
    }

    /// The most important figures on one line.
    fn summary(&self, now: DateTime<Utc>) -> String {
        let (time, ready, total) =
            (print::in_zone(now), self.number("/modems/ready"), self.number("/modems/total"));
        if let Some((site, link, _)) = self.link() {
            return format!("{time}  site {site}  {link}  modems {ready}/{total}");
        }
        format!(
            "{}  modems {}/{}  sims {}/{}  orders {}  rentals {}  last SMS {}  alarms {}",
            time,
            ready,
            total,
            self.number("/sims/available"),
            self.number("/sims/total"),
            self.number("/orders/open"),
            self.number("/rentals/active"),
            self.last_sms(),
            self.list("alarms").len(),
        )
    }

    /// The lines of the screen.
    fn lines(&self, screen: &Screen, now: DateTime<Utc>) -> Vec<Line> {
        let mut lines = self.head(screen);
        lines.extend(screen.columns(&self.site_rows(now)));
        lines.extend(self.alarm_lines(screen));
        lines.push("".into());
        let (modems, stock) = (self.modem_rows(now), self.stock());
        let room = screen.size.map(|(_, height)| height.saturating_sub(lines.len() + 2));
        // The stock gets what the modems leave, and at least its share.
        let for_stock = |room: usize| {
            stock.len().min(
                room.saturating_sub(modems.len()).max(room.saturating_sub(MIN_MODEM_LINES) / 2),
            )
        };
        let for_stock = room.map(for_stock);
        let for_modems = room.map(|room| room - for_stock.unwrap_or(0));
        lines.extend(truncated(screen.fitted(&modems, MODEM_FITS), for_modems, "modems"));
        if stock.len() > 1 {
            lines.push("".into());
            lines.extend(truncated(screen.columns(&stock), for_stock, "services"));
        }
        lines
    }

    /// A row for each site that may connect, if there are any.
    fn site_rows(&self, now: DateTime<Utc>) -> Vec<Vec<Cell>> {
        let row = |site: &Value| {
            let state = text(site, "state");
            let colour = match state {
                "connected" => Colour::Good,
                "down" => Colour::Bad,
                _ => Colour::Middling,
            };
            let number = |name: &str| site.get(name).and_then(Value::as_u64).unwrap_or(0);
            let latency = site.get("question_ms").and_then(Value::as_u64);
            vec![
                "site".into(),
                text(site, "name").into(),
                Cell::with(state, colour),
                since(site, now).into(),
                format!("{} of {} ports", number("ready"), number("ports")).into(),
                latency.map(|ms| format!("{ms} ms")).unwrap_or_default().into(),
            ]
        };
        let sites = self.list("sites").iter();
        sites.filter(|site| text(site, "state") != "revoked").map(row).collect()
    }

    /// The alarms, of which each is shown whole. What does not fit is counted.
    fn alarm_lines(&self, screen: &Screen) -> Vec<Line> {
        let alarms = self.list("alarms");
        let mut lines = Vec::new();
        for (shown, alarm) in alarms.iter().enumerate() {
            let said = print::sentence(text(alarm, "text"));
            let note = alarm.get("note").and_then(Value::as_str);
            let by = alarm.get("acknowledged_by").and_then(Value::as_str);
            let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
            let note = note.map(|note| format!(" (acknowledged{by}: {note})")).unwrap_or_default();
            let text = format!("! {}: {said}{note}", text(alarm, "alarm"));
            let alarm = screen.wrapped(&Cell::with(text, Colour::Bad));
            let is_room = lines.len() + alarm.len() <= MAX_ALARM_LINES;
            if screen.size.is_some() && shown > 0 && !is_room {
                lines.push(format!("… {} more alarms", alarms.len() - shown).into());
                break;
            }
            lines.extend(alarm);
        }
        lines
    }

    fn head(&self, screen: &Screen) -> Vec<Line> {
        let ready = match self.status.get("ready").and_then(Value::as_bool) {
            Some(true) => Cell::with("ready", Colour::Good),
            _ => Cell::with("not ready yet", Colour::Middling),
        };
        let up = span(self.number("/uptime_seconds"));
        let of = |ready: &str, total: &str| {
            let (ready, total) = (self.number(ready), self.number(total));
            let colour = if ready == total { Colour::Good } else { Colour::Middling };
            Cell::with(format!("{ready} of {total}"), colour)
        };
        let daemon = vec![
            "simbridge".into(),
            text(&self.status, "version").into(),
            "up".into(),
            up.into(),
            "daemon".into(),
            ready,
        ];
        let modems = of("/modems/ready", "/modems/total");
        if let Some((site, link, colour)) = self.link() {
            let row = vec!["site".into(), site.into(), "modems".into(), modems];
            let mut lines = screen.columns(&[daemon, row]);
            lines.extend(screen.wrapped(&Cell::with(link, colour)));
            return lines;
        }
        let rows = [
            daemon,
            vec![
                "modems".into(),
                modems,
                "open orders".into(),
                self.number("/orders/open").to_string().into(),
                "last SMS".into(),
                self.last_sms().into(),
            ],
            vec![
                "SIMs".into(),
                of("/sims/available", "/sims/total"),
                "rentals".into(),
                self.number("/rentals/active").to_string().into(),
                "polls".into(),
                self.number("/polls").to_string().into(),
            ],
        ];
        let mut lines = screen.columns(&rows);
        for (count, what, list) in [
            ("/sims/without_number", "without a number", "--state no_number"),
            ("/sims/doubtful_numbers", "with a number that cannot be right", "--json"),
        ] {
            let count = self.number(count);
            if count > 0 {
                let note = format!("SIMs: {count} {what}: `simbridge sim list {list}`");
                lines.extend(screen.wrapped(&Cell::with(note, Colour::Middling)));
            }
        }
        lines
    }

    /// One row per modem. Those that are not Ready come first.
    fn modem_rows(&self, now: DateTime<Utc>) -> Vec<Vec<Cell>> {
        let mut modems: Vec<&Value> = self.modems.iter().collect();
        modems.sort_by_key(|modem| modem_state(modem) == Some(ModemState::Ready));
        let are_names_unique = have_unique_names(&self.modems);
        let head = ["MODEM", "STATE", "FOR", "SIGNAL", "NETWORK", "NUMBER", "REASON"];
        let mut rows = vec![head.map(|text| Cell::with(text, Colour::Faint)).to_vec()];
        rows.extend(modems.into_iter().map(|modem| {
            let port = text(modem, "port");
            let colour = match modem_state(modem) {
                Some(ModemState::Ready) => Colour::Good,
                Some(state) if state.is_out_of_order() => Colour::Bad,
                _ => Colour::Middling,
            };
            let name =
                if are_names_unique { port.rsplit('/').next().unwrap_or(port) } else { port };
            vec![
                name.into(),
                Cell::with(text(modem, "state"), colour),
                since(modem, now).into(),
                signal(modem.get("signal").and_then(Value::as_i64)),
                known(modem, "operator").into(),
                known(modem, "number").into(),
                reason(modem).into(),
            ]
        }));
        rows
    }

    /// One row per service with its stock in each country. The lowest stock comes first.
    fn stock(&self) -> Vec<Vec<Cell>> {
        let mut countries: Vec<&str> =
            self.list("stock").iter().map(|stock| text(stock, "country")).collect();
        countries.sort_unstable();
        countries.dedup();
        let mut services: Vec<(&str, Vec<u64>)> = Vec::new();
        for stock in self.list("stock") {
            let (service, country) = (text(stock, "service"), text(stock, "country"));
            if services.last().is_none_or(|(last, _)| *last != service) {
                services.push((service, vec![0; countries.len()]));
            }
            let place = countries.iter().position(|known| *known == country).unwrap_or(0);
            let of_country = services.last_mut().and_then(|(_, counts)| counts.get_mut(place));
            of_country
                .into_iter()
                .for_each(|count| *count = stock.get("count").and_then(Value::as_u64).unwrap_or(0));
        }
        services.sort_by_key(|(_, counts)| counts.iter().sum::<u64>());
        let countries = countries.into_iter().map(print::country);
        let head = ["STOCK".to_owned()].into_iter().chain(countries);
        let head = head.map(|text| Cell::with(text, Colour::Faint));
        let row = |(service, counts): (&str, Vec<u64>)| {
            let count = |count: u64| {
                Cell::with(count.to_string(), if count == 0 { Colour::Bad } else { Colour::Plain })
            };
            [Cell::from(service)].into_iter().chain(counts.into_iter().map(count)).collect()
        };
        [head.collect()].into_iter().chain(services.into_iter().map(row)).collect()
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A text, or what stands for one that is not known.
fn known<'v>(value: &'v Value, key: &str) -> &'v str {
    Some(text(value, key)).filter(|text| !text.is_empty()).unwrap_or(UNKNOWN)
}

/// Why a modem does not work, and which SIM it had last if it has none.
fn reason(modem: &Value) -> String {
    let reason = text(modem, "reason");
    match modem.get("last_sim").and_then(last_sim) {
        Some(last) => format!("{reason} (it had {last})"),
        None => reason.to_owned(),
    }
}

/// As many lines as fit; the last one then says how many more there are.
fn truncated(mut lines: Vec<Line>, room: Option<usize>, what: &str) -> Vec<Line> {
    if let Some(room) = room.filter(|room| lines.len() > *room) {
        let kept = room.saturating_sub(1).max(1);
        let more = lines.len() - kept;
        lines.truncate(kept);
        lines.push(format!("… {more} more {what}").into());
    }
    lines
}

/// Whether the last parts of the ports' paths suffice to distinguish the modems.
fn have_unique_names(modems: &[Value]) -> bool {
    let mut names: Vec<&str> =
        modems.iter().filter_map(|modem| text(modem, "port").rsplit('/').next()).collect();
    names.sort_unstable();
    names.dedup();
    names.len() == modems.len()
}

/// The state in a modem's row; `None` for one that a newer daemon has added.
fn modem_state(modem: &Value) -> Option<ModemState> {
    text(modem, "state").parse().ok()
}

fn since(modem: &Value, now: DateTime<Utc>) -> String {
    span_until(text(modem, "since"), now).unwrap_or_default()
}

/// How long ago a time was, if it is one.
pub(super) fn span_until(time: &str, now: DateTime<Utc>) -> Option<String> {
    let time = DateTime::parse_from_rfc3339(time).ok()?;
    Some(span((now - time.to_utc()).num_seconds().unsigned_abs()))
}

/// A length of time, in the largest unit that keeps it readable.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The signal as bars, as on a telephone, and in dBm.
fn signal(dbm: Option<i64>) -> Cell {
    let Some(dbm) = dbm else { return Cell::from(UNKNOWN) };
    let (bars, colour) = match dbm {
        -73.. => ("▂▄▆█", Colour::Good),
        -83..-73 => ("▂▄▆ ", Colour::Good),
        -93..-83 => ("▂▄  ", Colour::Middling),
        -103..-93 => ("▂   ", Colour::Middling),
        _ => ("    ", Colour::Bad),
    };
    Cell::with(format!("{bars} {dbm} dBm"), colour)
}

#[cfg(test)]
mod tests;
