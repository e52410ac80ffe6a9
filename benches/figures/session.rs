//! A person's session on the console or the portal.

use std::io::{Read, Write};
use std::net::TcpStream;

const PASSWORD: &str = "correct horse battery staple";

/// Uses a one-time link, and returns the session's cookie.
pub fn sign_in(address: &str, link: &str) -> String {
    let (_, token) = link.split_once('#').unwrap();
    let form = format!("token={token}&password={}", PASSWORD.replace(' ', "+"));
    let (head, body) = ask(address, "POST", "/link", "", &form);
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.unwrap_or_else(|| panic!("{head}\n{body}"));
    cookie.split(';').next().unwrap().to_owned()
}

/// Asks on a connection of its own, and returns the head and the body of the answer.
pub fn ask(address: &str, method: &str, path: &str, cookie: &str, form: &str) -> (String, String) {
    let mut stream = send(address, method, path, cookie, form);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Asks for a page to be kept current, as its script does, and returns the stream of its changes.
pub fn follow(address: &str, page: &str, cookie: &str) -> TcpStream {
    send(address, "GET", &format!("/live?of={}", page.replace('/', "%2F")), cookie, "")
}

fn send(address: &str, method: &str, path: &str, cookie: &str, form: &str) -> TcpStream {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nconnection: \
         close\r\ncookie: {cookie}\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}
