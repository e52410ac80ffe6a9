//! Modems on serial lines that another program offers over TCP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncWriteExt, copy, split};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_serial::{SerialPortBuilderExt, SerialStream};

use crate::support::{Site, wait_for};

/// Offers the port of a simulated modem over TCP, to one client at a time, as ser2net does.
struct LineServer {
    address: SocketAddr,
    /// Ends with it, and closes all connections.
    runtime: Option<Runtime>,
}

impl LineServer {
    fn start(address: &str, modem: PathBuf) -> LineServer {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, modem));
        LineServer { address, runtime: Some(runtime) }
    }

    fn of(site: &Site) -> LineServer {
        LineServer::start("127.0.0.1:0", site.rack.as_ref().unwrap().ports()[0].clone())
    }

    fn port(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

impl Drop for LineServer {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn serve(listener: TcpListener, modem: PathBuf) {
    let is_used = Arc::new(AtomicBool::new(false));
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        if is_used.swap(true, Ordering::SeqCst) {
            client.write_all(b"Port already in use\r\n").await.unwrap();
            continue;
        }
        let (line, is_used) = (open(&modem), Arc::clone(&is_used));
        tokio::spawn(async move {
            let ((mut heard, mut said), (mut from, mut to)) = (split(line), split(client));
            tokio::select! {
                _ = copy(&mut heard, &mut to) => {}
                _ = copy(&mut from, &mut said) => {}
            }
            drop((heard.unsplit(said), from.unsplit(to)));
            is_used.store(false, Ordering::SeqCst);
        });
    }
}

fn open(modem: &std::path::Path) -> SerialStream {
    let mut line = tokio_serial::new(modem.to_str().unwrap(), 115_200).open_native_async().unwrap();
    // The mark of exclusive use would outlive this server.
    line.set_exclusive(false).unwrap();
    line
}

/// A site with one modem, at this port.
fn use_port(site: &Site, port: &str) {
    let text = std::fs::read_to_string(site.config()).unwrap();
    let glob = format!("{}/modems/modem*", site.dir.path().display());
    assert!(text.contains(&glob));
    std::fs::write(site.config(), text.replace(&glob, port)).unwrap();
}

#[test]
fn an_order_gets_its_code_over_tcp_and_an_sms_waits_while_the_lines_server_is_down() {
    let site = Site::with_modems(1);
    let server = LineServer::of(&site);
    let (address, port) = (server.address.to_string(), server.port());
    let probed = site.json(&["probe", &port]);
    assert_eq!((&probed["port"], &probed["state"]), (&port.as_str().into(), &"Ready".into()));
    use_port(&site, &port);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = site.customer("ann", "1.00");
    let made = site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    let number = site.network().numbers().remove(0);
    site.send("Uber", &number, "Your Uber code is 4711");
    let id = made.trim_start_matches("ORDER_ID_").split('_').next().unwrap();
    let code = site.get(&format!("/api/getsms?key={key}&orderId={id}&wait=30"));
    assert_eq!(code, "SUCCESS_Your Uber code is 4711", "{made}");

    let scanned = site.json(&["modem", "scan"]);
    let row = scanned.as_array().unwrap().iter().find(|row| row["port"] == port.as_str());
    assert_eq!(row.unwrap()["answer"], "served");
    let recording = site.dir.path().join("recording");
    site.ok(&["modem", "record", &address, recording.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&recording).unwrap().contains("AT+CGSN"));

    drop(server);
    wait_for("the modem to be missed", || site.admin("/modems")[0]["state"] != "Ready");
    site.send("Bank", &number, "while the server was down");
    wait_for("the reason", || {
        let shown = site.json(&["modem", "show", &address]);
        shown["reason"].as_str().is_some_and(|reason| reason.contains("no connection to the line"))
    });
    let modem = site.rack.as_ref().unwrap().ports()[0].clone();
    let _server = LineServer::start(&address, modem);
    site.wait_ready();
    let arrived = || site.messages().iter().filter(|sms| sms["sender"] == "Bank").count();
    wait_for("the message", || arrived() > 0);
    wait_for("the store to be empty", || site.network().stored(&number) == 0);
    assert_eq!(arrived(), 1);
}

#[test]
fn a_line_that_another_client_uses_says_so_and_is_served_once_it_is_free() {
    let site = Site::with_modems(1);
    let server = LineServer::of(&site);
    let mut other = TcpStream::connect(server.address).unwrap();
    other.write_all(b"AT\r").unwrap();
    // It is being served once the modem has answered.
    other.read_exact(&mut [0]).unwrap();
    use_port(&site, &server.port());
    let _daemon = site.serve();
    let told = "another client uses the line; its server says \"Port already in use\"";
    wait_for("the reason", || {
        let modem = site.admin("/modems")[0].clone();
        modem["state"] == "Opening" && modem["reason"] == told
    });
    drop(other);
    site.wait_ready();
    let mut text = String::new();
    TcpStream::connect(server.address).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "Port already in use\r\n");
    assert_eq!(site.admin("/modems")[0]["state"], "Ready", "it did no harm");
}

#[test]
fn check_says_which_addresses_are_right() {
    let site = Site::with_modems(0);
    let text = "[[modem]]\nport = \"tcp://127.0.0.1:7001\"\n[[modem]]\nport = \
                \"rfc2217://127.0.0.1:7001\"\n[[modem]]\nport = \"tcp://10.0.0.5:2000\"\n\
                [[modem]]\nport = \"tcp://10.0.0.6:2000\"\ninsecure = true\n[[bank]]\nprofile = \
                \"module\"\nslots = 2\nports = [\"tcp://127.0.0.1:7002\"]\n";
    std::fs::write(site.config(), text).unwrap();
    let said = String::from_utf8(site.run(&["check"]).stdout).unwrap();
    for fault in [
        ":6: \"tcp://10.0.0.5:2000\" is not on this machine, and nothing encrypts what is said",
        "name the end of a tunnel, such as \"tcp://127.0.0.1:2000\", or set insecure = true",
        "\"tcp://127.0.0.1:7002\": the ports of a bank are paths: addresses are for [[modem]]",
    ] {
        assert!(said.contains(fault), "{fault} is missing in\n{said}");
    }
    assert!(!said.contains("10.0.0.6"), "{said}");
    std::fs::write(site.config(), text.split("[[modem]]\nport = \"tcp://10").next().unwrap())
        .unwrap();
    let said = String::from_utf8(site.run(&["check"]).stdout).unwrap();
    let twice = ":3: rfc2217://127.0.0.1:7001 is tcp://127.0.0.1:7001 of line 1; name each address \
                 once";
    assert!(said.contains(twice), "{said}");
}
