//! A customer's connection.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// One connection, on which each request waits for the answer to the one before.
pub struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    /// Connects from one of the addresses of this machine.
    pub async fn connect_from(own: &str, address: &str) -> Result<Client, Error> {
        let stream = stream_from(own, address).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, answer: Vec::with_capacity(4096) })
    }

    /// Asks, and returns the body of the answer. It fails when the server ends the connection.
    pub async fn get(&mut self, path: &str) -> Result<String, Error> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let text = std::str::from_utf8(&self.answer).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let (_, rest) = head.split_once("content-length: ").unwrap();
            if body.len() == rest.split("\r\n").next().unwrap().parse::<usize>().unwrap() {
                return Ok(body.to_owned());
            }
        }
    }
}

/// A connection from one of the addresses of this machine.
pub async fn stream_from(own: &str, address: &str) -> Result<TcpStream, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(own.parse().unwrap(), 0))?;
    socket.connect(address.parse().unwrap()).await
}
