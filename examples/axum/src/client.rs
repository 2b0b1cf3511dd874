//! Users of the service: just enough HTTP for the loopback.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No request takes longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody with a token, who comes from an address.
pub(crate) struct Client {
    pub service: SocketAddr,
    pub token: &'static str,
    pub user: &'static str,
    /// The address that the proxy in front of the service saw.
    pub address: String,
}

pub(crate) struct Answer {
    pub status: u16,
    pub body: String,
}

impl Client {
    /// Stores, reads, asks for what is not there, and deletes: how many times
    /// each is `rounds`. Returns the ids of the notes.
    pub(crate) async fn use_service(&self, rounds: usize) -> std::io::Result<Vec<String>> {
        let mut ids = Vec::new();
        for round in 0..rounds {
            let stored = self.request("POST", "/notes", &format!("note {round}")).await?;
            expect(stored.status, 201)?;
            let path = format!("/notes/{}", stored.body);
            let recalled = self.request("GET", &path, "").await?;
            expect(recalled.status, 200)?;
            if recalled.body != format!("note {round}") {
                return Err(std::io::Error::other("a note came back changed"));
            }
            expect(self.request("GET", "/notes/missing", "").await?.status, 404)?;
            if round == 0 {
                expect(self.request("DELETE", &path, "").await?.status, 204)?;
            }
            ids.push(stored.body);
        }
        Ok(ids)
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: Bearer {}\r\nx-session: session-{}\r\nx-forwarded-for: {}\r\n\
             content-length: {}\r\n\r\n{body}",
            self.token,
            self.user,
            self.address,
            body.len(),
        );
        tokio::time::timeout(PATIENCE, exchange(self.service, &request)).await?
    }
}

fn expect(status: u16, expected: u16) -> std::io::Result<()> {
    if status == expected {
        return Ok(());
    }
    Err(std::io::Error::other(format!("the service answered {status}, not {expected}")))
}

async fn exchange(service: SocketAddr, request: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(service).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    match (status, body) {
        (Some(status), Some(body)) => Ok(Answer { status, body }),
        _ => Err(std::io::Error::other("the service did not answer in HTTP")),
    }
}
