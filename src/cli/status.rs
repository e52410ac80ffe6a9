//! `status`: the whole site on one screen, once or continuously.

use std::io::Read;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::Value;
use tokio::sync::mpsc;

use super::modem::last_sim;
use super::print;
use super::screen::{Cell, Colour, Fit, Line, Screen};
use crate::daemon::system_sources;
use crate::domain::modem::ModemState;
use crate::http::AdminClient;

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

/// The key `q` or Ctrl-C on the terminal that commands come from. As long as it is watched, the
/// terminal hands over each key at once and shows none.
struct QuitKey {
    /// The terminal's settings before.
    before: Option<Termios>,
    keys: mpsc::UnboundedReceiver<u8>,
}

impl QuitKey {
    fn of_terminal() -> QuitKey {
        let (sender, keys) = mpsc::unbounded_channel();
        let before = tcgetattr(std::io::stdin()).ok();
        if let Some(settings) = &before {
            let mut by_key = settings.clone();
            by_key.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &by_key);
            // Nothing waits for this thread: it ends with the program.
            std::thread::spawn(move || {
                let keys = std::io::stdin().lock().bytes().map_while(Result::ok);
                keys.map_while(|key| sender.send(key).ok()).for_each(drop);
            });
        }
        QuitKey { before, keys }
    }

    async fn pressed(&mut self) {
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            let key = tokio::select! {
                key = self.keys.recv() => key,
                Ok(()) = &mut interrupted => return,
            };
            match key {
                Some(b'q' | b'Q') => return,
                Some(_) => {}
                // There is no terminal, or no input any more.
                None => {
                    let _ = interrupted.await;
                    return;
                }
            }
        }
    }
}

impl Drop for QuitKey {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
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
        let overview = client.get("/overview").await?;
        if let (Some(status), Value::Object(overview)) = (status.as_object_mut(), overview) {
            status.extend(overview);
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

    /// The most important figures on one line.
    fn summary(&self, now: DateTime<Utc>) -> String {
        format!(
            "{}  modems {}/{}  sims {}/{}  orders {}  rentals {}  last SMS {}  alarms {}",
            print::in_zone(now),
            self.number("/modems/ready"),
            self.number("/modems/total"),
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

    /// The alarms, of which each is shown whole. What does not fit is counted.
    fn alarm_lines(&self, screen: &Screen) -> Vec<Line> {
        let alarms = self.list("alarms");
        let mut lines = Vec::new();
        for (shown, alarm) in alarms.iter().enumerate() {
            let said = print::sentence(text(alarm, "text"));
            let note = alarm.get("note").and_then(Value::as_str);
            let note = note.map(|note| format!(" (acknowledged: {note})")).unwrap_or_default();
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
        let rows = [
            vec![
                "simbridge".into(),
                text(&self.status, "version").into(),
                "up".into(),
                up.into(),
                "daemon".into(),
                ready,
            ],
            vec![
                "modems".into(),
                of("/modems/ready", "/modems/total"),
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
        let head =
            ["STOCK"].into_iter().chain(countries).map(|text| Cell::with(text, Colour::Faint));
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
mod tests {
    use serde_json::json;

    use super::*;

    fn site(modems: usize) -> Site {
        site_of(modems, &[("Uber", 6, 0), ("Lyft", 0, 1)])
    }

    fn stock(service: &str, country: &str, count: u64) -> Value {
        json!({ "service": service, "country": country, "count": count })
    }

    fn site_of(modems: usize, services: &[(&str, u64, u64)]) -> Site {
        let modem = |n: usize| {
            let state = if n == 1 { "Quarantined" } else { "Ready" };
            let reason = (n == 1).then_some("the modem has stopped answering; hard reset");
            json!({
                "port": format!("/dev/serial/by-path/modem{n:03}"),
                "state": state,
                "since": "2026-06-22T12:00:00.000000Z",
                "signal": -71,
                "operator": "Net",
                "number": format!("+3161234000{n}"),
                "reason": reason,
            })
        };
        let stock = services
            .iter()
            .flat_map(|(name, nl, uk)| [stock(name, "NL", *nl), stock(name, "UK", *uk)]);
        let alarm = "modem001 is Quarantined for 30 min: the modem has stopped answering";
        let status = json!({
            "ready": true,
            "modems": { "total": modems, "ready": modems - 1 },
            "sims": { "total": 9, "available": 9 },
            "orders": { "open": 2 },
            "rentals": { "active": 1 },
            "polls": 1,
            "version": "1.2.3",
            "uptime_seconds": 7300,
            "last_message_seconds": 12,
            "alarms": [{ "alarm": "ModemNotReady", "text": alarm }],
            "stock": stock.collect::<Vec<_>>(),
        });
        Site { status, modems: (0..modems).map(modem).collect() }
    }

    fn lines(site: &Site, screen: &Screen) -> Vec<String> {
        site.lines(screen, now()).iter().map(Line::to_string).collect()
    }

    fn now() -> DateTime<Utc> {
        "2026-06-22T12:30:00Z".parse().unwrap()
    }

    #[test]
    fn one_screen() {
        let screen = Screen { size: Some((80, 24)), colours: false };
        let expected = "\
simbridge  1.2.3   up           2 h  daemon    ready
modems     1 of 2  open orders  2    last SMS  12 s ago
SIMs       9 of 9  rentals      1    polls     1
! ModemNotReady: modem001 is Quarantined for 30 min: the modem has stopped
  answering

MODEM     STATE        FOR     NUMBER        REASON
modem001  Quarantined  30 min  +31612340001  the modem has stopped answering; h…
modem000  Ready        30 min  +31612340000

STOCK  NL  UK
Lyft   0   1
Uber   6   0";
        assert_eq!(lines(&site(2), &screen).join("\n"), expected);
        let plain = Screen { size: None, colours: false };
        assert!(
            lines(&site(2), &plain)
                .iter()
                .any(|line| line.ends_with("stopped answering; hard reset"))
        );
        let coloured = lines(&site(2), &Screen { colours: true, ..plain }).join("\n");
        assert!(
            coloured.contains("\x1b[1;31mQuarantined\x1b[0m")
                && coloured.contains("\x1b[32mReady\x1b[0m")
        );
    }

    #[test]
    fn what_is_not_known_of_a_modem_leaves_no_gap() {
        let modem = json!({
            "port": "/dev/a", "state": "Registering", "since": "2026-06-22T12:00:00.000000Z",
            "signal": null, "operator": null, "number": null, "reason": "looking for a network",
        });
        let site = Site { modems: vec![modem], ..site(1) };
        let shown = lines(&site, &Screen { size: None, colours: false });
        let row = "a      Registering  30 min  -       -        -       looking for a network";
        assert!(shown.iter().any(|line| line == row), "{shown:#?}");
    }

    #[test]
    fn many_modems_leave_room_for_the_rest() {
        let shown = lines(&site(100), &Screen { size: Some((80, 24)), colours: false });
        assert!(shown.len() < 24, "{shown:#?}");
        let more = shown.iter().find(|line| line.starts_with("… ")).unwrap();
        assert!(more.ends_with("more modems"), "{more}");
        assert!(
            shown.iter().any(|line| line.starts_with("modem001  Quarantined")),
            "those that are not Ready come first: {shown:#?}"
        );
        assert!(shown.iter().any(|line| line.starts_with("Uber")), "{shown:#?}");
        assert_eq!(lines(&site(100), &Screen { size: None, colours: false }).len(), 5 + 101 + 4);
    }

    #[test]
    fn many_services_and_alarms_fit_and_the_lowest_stock_comes_first() {
        let names: Vec<String> = (0..47).map(|n| format!("Service {n}")).collect();
        let services: Vec<(&str, u64, u64)> =
            names.iter().zip(0..).map(|(name, n)| (name.as_str(), 46 - n, 0)).collect();
        let mut site = site_of(2, &services);
        let alarm = json!({ "alarm": "StockOut", "text": "no number is left" });
        for alarms in [1, 47] {
            site.status["alarms"] = Value::Array(vec![alarm.clone(); alarms]);
            for height in [24, 40] {
                let shown = lines(&site, &Screen { size: Some((80, height)), colours: false });
                assert_eq!(
                    shown.len(),
                    height - 1,
                    "all of the screen but the prompt's line: {shown:#?}"
                );
                let stock = shown.iter().position(|line| line.starts_with("STOCK")).unwrap();
                assert!(shown[stock + 1].starts_with("Service 46  0 "), "{shown:#?}");
                let last = shown.last().unwrap();
                assert!(last.starts_with("… ") && last.ends_with(" more services"), "{last}");
                assert!(shown.iter().any(|line| line.starts_with("modem000  Ready")), "{shown:#?}");
            }
        }
        assert!(lines(&site, &Screen { size: None, colours: false }).len() > 47 + 47);
    }

    #[test]
    fn one_line() {
        let expected = "  modems 1/2  sims 9/9  orders 2  rentals 1  last SMS 12 s ago  alarms 1";
        assert_eq!(site(2).summary(now()), print::in_zone(now()) + expected);
    }

    #[test]
    fn spans() {
        for (seconds, text) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}
