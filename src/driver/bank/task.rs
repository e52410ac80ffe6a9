//! One bank's task: hears its radios, the host, the pool and the operator, and carries its actions
//! out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info, warn};

use super::control::{Done, Job, Line};
use super::{BankPorts, ByHand};
use crate::bank::{Adapter, Bank, BankAction, Kept, MoveEnd, Seen, SlotDemand, SwitchRecord};
use crate::domain::Moment;
use crate::driver::clock::Clock;
use crate::driver::detail::Record;
use crate::driver::holders::Holders;
use crate::driver::{Handle, HostError, ModemEvents, recovery_actions};
use crate::modem::{Request, RequestError};

/// What was kept may be older than this process: its time begins that much earlier.
const BEFORE: Duration = Duration::from_secs(400 * 24 * 3600);
/// The bank is shown at least so often: what it says has an age.
const SHOW: Duration = Duration::from_secs(20);
/// Until what was kept is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

/// What has come of something.
enum Event {
    Needs(Option<Vec<SlotDemand>>),
    MayLeave(usize, String, bool),
    Left(usize, Result<(), RequestError>),
    Switched(usize, Result<(), String>),
    Returned(usize, Result<(), RequestError>),
    Nothing,
}

pub(super) struct Task<H> {
    ports: BankPorts,
    driver: Handle,
    host: Arc<H>,
    /// What is wanted may have changed.
    news: Arc<Notify>,
    by_hand: Arc<Mutex<mpsc::Receiver<ByHand>>>,
    clock: Clock,
    /// A radio has said something.
    heard: Arc<Notify>,
    records: Vec<(Record, u64)>,
    work: JoinSet<Event>,
    jobs: Option<mpsc::Sender<Job>>,
    /// The operator's program runs once at a time: the hardware behind it may be one for all
    /// radios.
    one_at_a_time: Arc<Mutex<()>>,
}

impl<H: ModemEvents> Task<H> {
    pub fn new(
        ports: BankPorts,
        driver: Handle,
        host: Arc<H>,
        news: Arc<Notify>,
        by_hand: Arc<Mutex<mpsc::Receiver<ByHand>>>,
    ) -> Task<H> {
        let heard = Arc::new(Notify::new());
        let records = ports.config.radios.iter().map(|radio| {
            let record = driver.records.of(radio);
            record.tell(Arc::clone(&heard));
            (record, 0)
        });
        let records = records.collect();
        Task {
            ports,
            driver,
            host,
            news,
            by_hand,
            clock: Clock::start(),
            heard,
            records,
            work: JoinSet::new(),
            jobs: None,
            one_at_a_time: Arc::default(),
        }
    }

    fn now(&self) -> Moment {
        self.clock.now() + BEFORE
    }

    pub async fn run(mut self, stop: CancellationToken) {
        if let Some(kept) = stop.run_until_cancelled(self.kept()).await {
            let done = self.open_line();
            let bank = Bank::new(self.ports.config.clone(), kept, self.now());
            stop.run_until_cancelled(self.serve(bank, done)).await;
        }
    }

    /// What is kept of the slots. Without it the plan would begin a tour anew, so it is waited for.
    async fn kept(&self) -> Vec<Kept> {
        loop {
            match self.host.bank_kept(&self.ports.config.name).await {
                Ok(kept) => return kept,
                Err(error) => {
                    warn!(event = "bank_not_read", %error, "what is kept of the bank's slots cannot be read now")
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn open_line(&mut self) -> mpsc::Receiver<Done> {
        let (done, heard) = mpsc::channel(16);
        if let Some(path) = self.ports.control.clone() {
            let (sender, jobs) = mpsc::channel(256);
            self.jobs = Some(sender);
            let line = Line {
                path,
                profile: self.ports.config.profile.clone(),
                holders: Holders::default(),
                jobs,
                done,
            };
            let running = async move {
                line.run().await;
                Event::Nothing
            };
            self.work.spawn(running.in_current_span());
        }
        heard
    }

    async fn serve(&mut self, mut bank: Bank, mut done: mpsc::Receiver<Done>) {
        let by_hand = Arc::clone(&self.by_hand);
        let mut show_at = self.now();
        self.listen(&mut bank);
        loop {
            if self.carry_out(&mut bank) || show_at <= self.now() {
                self.host.bank_report(&self.ports.config.name, bank.report(self.now()));
                show_at = self.now() + SHOW;
            }
            let due = bank.next_deadline(self.now()).map_or(show_at, |due| due.min(show_at));
            tokio::select! {
                () = tokio::time::sleep_until(self.instant(due)) => bank.tick(self.now()),
                () = self.heard.notified() => self.listen(&mut bank),
                () = self.news.notified() => bank.news(self.now()),
                heard = done.recv(), if self.jobs.is_some() => match heard {
                    Some((radio, said)) => bank.switched(radio, said, self.now()),
                    // The control line's task has fallen: this one begins anew, and with it the line.
                    None => return,
                },
                Some(ended) = self.work.join_next(), if !self.work.is_empty() => {
                    // What a session has said before it answered comes first.
                    self.listen(&mut bank);
                    // A piece of work that panicked is found out by the plan's deadlines.
                    self.happened(&mut bank, ended.unwrap_or(Event::Nothing));
                }
                Some(asked) = receive(&by_hand) => self.by_hand(&mut bank, asked),
            }
        }
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.clock.instant(Moment::since_origin(moment.elapsed().saturating_sub(BEFORE)))
    }

    /// What the radios' sessions say now.
    fn listen(&mut self, bank: &mut Bank) {
        let now = self.now();
        for (radio, (record, messages)) in self.records.iter_mut().enumerate() {
            let (snapshot, count) = record.seen();
            if let Some(snapshot) = snapshot {
                bank.radio(radio, Seen::of(&snapshot), now);
            }
            if std::mem::replace(messages, count) != count {
                bank.message(radio, now);
            }
        }
    }

    fn happened(&self, bank: &mut Bank, event: Event) {
        let now = self.now();
        match event {
            Event::Needs(needs) => bank.needs(needs, now),
            Event::MayLeave(radio, iccid, yes) => bank.may_leave(radio, &iccid, yes, now),
            Event::Left(radio, said) => bank.left(radio, said, now),
            Event::Switched(radio, said) => bank.switched(radio, said, now),
            Event::Returned(radio, said) => bank.returned(radio, said, now),
            Event::Nothing => {}
        }
    }

    fn by_hand(&self, bank: &mut Bank, asked: ByHand) {
        let radios = &self.ports.config.radios;
        let place = radios.iter().position(|radio| *radio == asked.radio);
        let place = place.or_else(|| asked.radio.parse::<usize>().ok()?.checked_sub(1));
        let said = match place.filter(|place| *place < radios.len()) {
            Some(place) => bank.by_hand(place, asked.slot, self.now()),
            None => Err(format!(
                "there is no radio {}; name its port, or its place from 1 to {}",
                asked.radio,
                radios.len()
            )),
        };
        let _ = asked.reply.send(said);
    }

    /// Whether something is to be shown.
    fn carry_out(&mut self, bank: &mut Bank) -> bool {
        let mut show = false;
        while let Some(action) = bank.next_action() {
            match action {
                BankAction::Report => show = true,
                BankAction::AskNeeds(cards) => self.ask_needs(cards),
                BankAction::MayLeave { radio, iccid } => self.may_leave(radio, iccid),
                BankAction::Stays { iccid } => self.host.bank_stays(&iccid),
                BankAction::Leave { radio, iccid } => {
                    self.request(radio, Request::Leave { iccid }, Event::Left)
                }
                BankAction::Return { radio, restart } => {
                    self.request(radio, Request::Return { restart }, Event::Returned);
                }
                BankAction::Switch { radio, row } => self.switch(radio, row),
                BankAction::Keep(kept) => self.keep(kept),
                BankAction::SwitchRecord(moved) => self.moved(moved),
            }
        }
        show
    }

    fn spawn(&mut self, work: impl Future<Output = Event> + Send + 'static) {
        self.work.spawn(work.in_current_span());
    }

    fn ask_needs(&mut self, cards: Vec<String>) {
        let host = Arc::clone(&self.host);
        self.spawn(async move {
            let told = |error: HostError| warn!(event = "bank_needs_unknown", %error, "what is wanted of the bank's SIMs cannot be told now");
            Event::Needs(host.bank_needs(cards).await.map_err(told).ok())
        });
    }

    fn may_leave(&mut self, radio: usize, iccid: String) {
        let host = Arc::clone(&self.host);
        self.spawn(async move {
            let told = |error: HostError| warn!(event = "bank_leave_unknown", %error, "whether a SIM may leave cannot be told now");
            let yes = host.may_leave(&iccid).await.map_err(told).unwrap_or(false);
            Event::MayLeave(radio, iccid, yes)
        });
    }

    fn request(
        &mut self,
        radio: usize,
        request: Request,
        event: fn(usize, Result<(), RequestError>) -> Event,
    ) {
        let Some(port) = self.ports.config.radios.get(radio).cloned() else { return };
        let driver = self.driver.clone();
        self.spawn(async move { event(radio, driver.request(&port, request).await.map(drop)) });
    }

    fn switch(&mut self, radio: usize, row: u32) {
        debug!(event = "bank_switch", radio, row, "the bank is told to switch");
        match self.ports.config.profile.adapter {
            Adapter::Serial => {
                let sent = self.jobs.as_ref().map(|jobs| jobs.try_send((radio, row)));
                if !matches!(sent, Some(Ok(()))) {
                    self.spawn(async move {
                        Event::Switched(radio, Err("the control line is not served".to_owned()))
                    });
                }
            }
            Adapter::Module => {
                let Some(port) = self.ports.config.radios.get(radio).cloned() else { return };
                let driver = self.driver.clone();
                let slot = u8::try_from(row).unwrap_or(u8::MAX);
                self.spawn(async move {
                    let said = driver.request(&port, Request::Slot(slot)).await;
                    Event::Switched(radio, said.map(drop).map_err(|error| error.to_string()))
                });
            }
            Adapter::Command => {
                let (command, turn) = (self.command(radio, row), Arc::clone(&self.one_at_a_time));
                self.spawn(async move {
                    let _turn = turn.lock().await;
                    Event::Switched(radio, recovery_actions::run(&command).await)
                });
            }
        }
    }

    fn command(&self, radio: usize, row: u32) -> Vec<String> {
        let profile = &self.ports.config.profile;
        let number = u32::try_from(radio)
            .unwrap_or(u32::MAX)
            .saturating_add(profile.first_radio)
            .to_string();
        let slot = row.saturating_add(profile.first_slot).to_string();
        let port = self.ports.config.radios.get(radio).map_or("", |port| port.as_str());
        let port = Path::new(port).to_string_lossy();
        let fill = |word: &String| {
            let word = word.replace("{radio}", &number).replace("{slot}", &slot);
            word.replace("{port}", &port).replace("{bank}", &self.ports.config.name)
        };
        self.ports.command.iter().map(fill).collect()
    }

    fn keep(&mut self, kept: Kept) {
        let (host, bank) = (Arc::clone(&self.host), self.ports.config.name.clone());
        self.spawn(async move {
            if let Err(error) = host.bank_keep(&bank, kept).await {
                warn!(event = "bank_not_kept", %error, "what was found in a slot could not be kept; it is found out again");
            }
            Event::Nothing
        });
    }

    fn moved(&mut self, moved: SwitchRecord) {
        let deaf_s = (moved.ended_at - moved.began_at).as_secs();
        let (radio, slot) = (moved.radio + 1, moved.slot);
        match moved.end {
            MoveEnd::Done => {
                info!(event = "bank_switched", radio, slot, deaf_s, "another SIM is on the air")
            }
            end => {
                warn!(event = "bank_switch_failed", radio, slot, deaf_s, end = ?end, "a switch came to nothing")
            }
        }
        let (host, bank) = (Arc::clone(&self.host), self.ports.config.name.clone());
        let port = self.ports.config.radios.get(moved.radio).cloned().unwrap_or_default();
        let ago = self.now() - moved.ended_at;
        self.spawn(async move {
            if let Err(error) = host.bank_moved(&bank, &port, moved, ago).await {
                warn!(event = "bank_not_kept", %error, "a switch could not be kept");
            }
            Event::Nothing
        });
    }
}

async fn receive(by_hand: &Mutex<mpsc::Receiver<ByHand>>) -> Option<ByHand> {
    by_hand.lock().await.recv().await
}
