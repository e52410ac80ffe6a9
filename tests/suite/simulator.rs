//! The simulator behind real PTYs: the host's end is opened as a driver would open it.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use rustix::fs::{Mode, OFlags};
use rustix::ioctl::{Getter, Opcode, ioctl, opcode};
use simbridge::simulator::{
    BankCard, BankFault, BankStats, Fault, Network, Rack, RackConfig, Scenario, SimulatorError,
    control,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_serial::{SerialPortBuilderExt, SerialStream};

const FIRST: &str = "+31612340000";

/// The longest time that these tests wait; nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(dir: &Path, modems: usize) -> Result<Rack, SimulatorError> {
    let clock = Arc::new(|| DateTime::from_timestamp(1_782_133_023, 0).unwrap());
    Rack::start(RackConfig { dir: dir.to_owned(), modems, clock, scenario: None })
}

struct Host(SerialStream);

impl Host {
    fn open(port: &Path) -> Host {
        Host(tokio_serial::new(port.to_str().unwrap(), 115_200).open_native_async().unwrap())
    }

    async fn say(&mut self, line: &str) -> String {
        self.0.write_all(format!("{line}\r").as_bytes()).await.unwrap();
        self.until("OK\r\n").await
    }

    async fn until(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        let reading = async {
            while !heard.ends_with(end.as_bytes()) {
                heard.push(self.0.read_u8().await.unwrap());
            }
        };
        timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("never heard {end:?}"));
        String::from_utf8(heard).unwrap()
    }
}

async fn until(rack: &Rack, what: &str, so: impl Fn(&Network) -> bool) {
    let waiting = rack.network().until(so);
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

#[tokio::test]
async fn a_message_is_told_read_and_deleted_through_a_pty() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 2).unwrap();
    let mut host = Host::open(&dir.path().join("modem000"));
    host.say("ATE0").await;
    host.say("AT+CMGF=1;+CNMI=2,1").await;
    rack.network().send("Uber", FIRST, "Your code is 1234").unwrap();
    assert_eq!(host.until("+CMTI: \"SM\",1\r\n").await, "\r\n+CMTI: \"SM\",1\r\n");
    assert!(host.say("AT+CMGR=1").await.contains("\r\nYour code is 1234\r\n"));
    host.say("AT+CMGD=1").await;
    let observed = rack.network().observed(0).unwrap();
    assert_eq!(
        (observed.delivered, observed.read, observed.deleted, observed.well_mannered()),
        (1, 1, 1, true)
    );
    rack.stop().await;
}

#[tokio::test]
async fn messages_stay_in_the_modem_while_no_host_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 1).unwrap();
    let port = dir.path().join("modem000");
    let mut host = Host::open(&port);
    host.say("ATE0").await;
    drop(host);
    rack.network().send("Uber", FIRST, "while you were out").unwrap();
    until(&rack, "the message is in the store", |network| network.stored(FIRST) == 1).await;
    let mut host = Host::open(&port);
    assert!(host.say("AT+CMGF=1;+CMGR=1").await.contains("while you were out"));
    rack.stop().await;
}

#[tokio::test]
async fn a_port_vanishes_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 1).unwrap();
    let port = dir.path().join("modem000");
    let mut host = Host::open(&port);
    host.say("ATE0").await;
    rack.network().fault(0, &Fault::PortGone { back_after_ms: None }).unwrap();
    let mut octet = [0];
    let ended = timeout(PATIENCE, host.0.read(&mut octet)).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "a hang-up, not {ended:?}");
    until(&rack, "the link is gone", |_| !port.is_symlink()).await;
    rack.network().send("Uber", FIRST, "hello").unwrap();
    assert_eq!(rack.network().waiting(FIRST), 1);
    rack.network().fault(0, &Fault::PortBack).unwrap();
    until(&rack, "the link is back", |_| port.exists()).await;
    let mut host = Host::open(&port);
    host.until("SMS Ready\r\n").await;
    assert!(host.say("AT+CPMS?").await.contains("\"SM\",1,20"));
    rack.stop().await;
}

#[tokio::test]
async fn a_port_comes_back_under_another_name() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 1).unwrap();
    let moved = |name: &str| Fault::PortMoved { back_after_ms: 1, name: name.to_owned() };
    assert!(matches!(rack.network().fault(0, &moved("../modem")), Err(SimulatorError::NotAName)));
    rack.network().fault(0, &moved("ttyUSB7")).unwrap();
    until(&rack, "the new link is there", |_| dir.path().join("ttyUSB7").exists()).await;
    assert!(!dir.path().join("modem000").is_symlink());
    Host::open(&dir.path().join("ttyUSB7")).until("SMS Ready\r\n").await;
    rack.stop().await;
}

/// Whether the terminal is claimed: `TIOCGEXCL`, `_IOR('T', 0x40, int)`.
fn claimed(port: &OwnedFd) -> bool {
    const TIOCGEXCL: Opcode = opcode::read::<i32>(b'T', 0x40);
    // SAFETY: the opcode writes an `int`, as the getter's type says.
    unsafe { ioctl(port, Getter::<TIOCGEXCL, i32>::new()) }.unwrap() != 0
}

#[tokio::test]
async fn a_claim_ends_with_the_host_that_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 1).unwrap();
    let open = || {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::open(dir.path().join("modem000"), flags, Mode::empty()).unwrap()
    };
    let (onlooker, host) = (open(), open());
    rustix::termios::ioctl_tiocexcl(&host).unwrap();
    assert!(claimed(&onlooker));
    drop(host);
    until(&rack, "the claim is over", |_| !claimed(&onlooker)).await;
    rack.stop().await;
}

#[tokio::test]
async fn the_control_socket_sends_tells_and_breaks() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 1).unwrap();
    let mut host = Host::open(&dir.path().join("modem000"));
    host.say("AT+CNMI=2,1").await;
    assert_eq!(control::send(dir.path(), "Uber", FIRST, "hello 😀").await.unwrap().parts, 1);
    host.until("+CMTI: \"SM\",1\r\n").await;
    let unknown = control::send(dir.path(), "Uber", "+31600000000", "hello").await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "no simulated SIM has the number that ends in 000; write it like +31612345678"
    );
    control::fault(dir.path(), 0, &Fault::Garbage { octets: "fffe21".to_owned() }).await.unwrap();
    assert_eq!(host.0.read_u8().await.unwrap(), 0xFF);
    let no_modem = control::fault(dir.path(), 1, &Fault::Reboot).await.unwrap_err();
    assert_eq!(no_modem.to_string(), "there is no modem 1; they are numbered from 0 to 0");
    let stats = control::stats(dir.path()).await.unwrap();
    assert_eq!((stats[0].stored, stats[0].number.as_deref()), (1, Some(FIRST)));
    rack.stop().await;
}

#[tokio::test]
async fn a_folder_has_one_simulator_and_is_left_clean() {
    let dir = tempfile::tempdir().unwrap();
    let rack = start(dir.path(), 3).unwrap();
    assert!(matches!(start(dir.path(), 1), Err(SimulatorError::FolderInUse { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4, "three ports and a socket");
    rack.stop().await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(matches!(control::stats(dir.path()).await, Err(SimulatorError::NotRunning { .. })));

    // What a killed simulator leaves behind is replaced.
    drop(std::os::unix::net::UnixListener::bind(dir.path().join(control::SOCKET)).unwrap());
    std::os::unix::fs::symlink("/nowhere", dir.path().join("modem000")).unwrap();
    let rack = start(dir.path(), 1).unwrap();
    Host::open(&dir.path().join("modem000")).say("AT").await;
    rack.stop().await;
}

#[tokio::test]
async fn a_file_in_the_way_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("modem001");
    std::fs::write(&file, "somebody's").unwrap();
    let message = start(dir.path(), 2).map(drop).unwrap_err().to_string();
    assert!(
        message.starts_with("cannot open a pseudo terminal for ") && message.contains("modem001"),
        "{message}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's");
    assert!(!dir.path().join("modem000").is_symlink(), "nothing else is left");
}

#[tokio::test]
async fn a_bank_is_switched_through_its_own_port_and_told_the_truth_of_by_the_control_side() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(|| DateTime::from_timestamp(1_782_133_023, 0).unwrap());
    let scenario =
        Scenario::parse("[[bank]]\nslots = 3\nbus_ms = 50\nswitch_ms = 100\nanswer_ms = 10\n")
            .unwrap();
    let rack = Rack::start(RackConfig {
        dir: dir.path().to_owned(),
        modems: 2,
        clock,
        scenario: Some(scenario),
    })
    .unwrap();
    assert_eq!(rack.bank_ports(), [dir.path().join("bank0")]);
    let cards: Vec<BankCard> =
        control::ask(dir.path(), &control::Request::BankCards).await.unwrap();
    assert_eq!(cards.len(), 6);
    let wanted = &cards[4];
    rack.network().send("Bank", &wanted.number, "hello").unwrap();

    let mut bank = Host::open(&dir.path().join("bank0"));
    assert_eq!(bank.say("AT+SWIT02-0002").await, "\r\nSWITCH OK\r\n");
    until(&rack, "the card", |network| network.stats()[1].iccid.as_ref() == Some(&wanted.iccid))
        .await;
    let mut modem = Host::open(&dir.path().join("modem001"));
    modem.say("ATE0").await;
    assert!(!modem.say("AT+CCID").await.contains(&wanted.iccid));
    modem.say("AT+CFUN=0;+CFUN=1").await;
    assert!(modem.say("AT+CCID").await.contains(&wanted.iccid));
    until(&rack, "the message", |network| network.stored(&wanted.number) == 1).await;

    let lie = control::Request::BankFault { bank: 0, fault: BankFault::Lie { times: 1 } };
    control::ask::<()>(dir.path(), &lie).await.unwrap();
    assert_eq!(bank.say("AT+SWIT02-0003").await, "\r\nSWITCH OK\r\n");
    let banks: Vec<BankStats> =
        control::ask(dir.path(), &control::Request::BankStats).await.unwrap();
    assert_eq!((banks[0].asked, banks[0].done, banks[0].lied), (2, 1, 1));
    assert_eq!(banks[0].radios[1].slot, Some(4));
    rack.stop().await;
    assert!(!dir.path().join("bank0").exists());
}

#[tokio::test]
async fn a_banks_port_has_a_name_of_its_own() {
    for (name, hint) in
        [("modem000", "is taken by another port"), ("a/b", "letters, digits, - and _")]
    {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(|| DateTime::from_timestamp(1_782_133_023, 0).unwrap());
        let scenario = Some(Scenario::parse(&format!("[[bank]]\nname = \"{name}\"\n")).unwrap());
        let refused =
            Rack::start(RackConfig { dir: dir.path().to_owned(), modems: 1, clock, scenario });
        let Err(error) = refused else { panic!("{name} was taken") };
        assert!(error.to_string().contains(hint), "{error}");
    }
}
