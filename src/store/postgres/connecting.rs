//! Finding the server that takes writes. All hosts are asked at once, so that one which is silent
//! costs little.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use super::super::StoreError;
use super::server::{CONNECT_TIMEOUT, Server, host_name};
use super::session::no_answer;
use super::tls::Tls;

/// How long connecting to one host may take, with what both sides prove to each other.
const HANDSHAKE_TIMEOUT: Duration = CONNECT_TIMEOUT.saturating_mul(2);
/// How much longer other hosts are waited for when one takes writes.
const OTHERS_TIMEOUT: Duration = Duration::from_secs(1);
/// The history of promotions that a server has, which each promotion counts on.
const TIMELINE: &str = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

/// A connection to a host that takes writes.
pub(super) struct Connected {
    pub client: Client,
    /// Which of the server's hosts it is.
    pub host: usize,
    /// Set when the server warns, which it does of a COMMIT that its standby has not confirmed.
    pub is_unreplicated: Arc<AtomicBool>,
    /// As a text of hexadecimal digits, all of the same length.
    timeline: String,
}

/// Connects to the host that takes writes. Of several, of which all but one have been replaced
/// without noticing it, that is the one that was promoted last. Tasks of the current runtime drive
/// the connection.
///
/// # Errors
/// None does; says why of each.
pub(super) async fn connect_to_primary(server: &Server) -> Result<Connected, StoreError> {
    let mut attempts = JoinSet::new();
    for (host, config) in server.hosts.iter().enumerate() {
        attempts.spawn(connect_in_time(host, config.clone(), server.tls.clone()));
    }
    let (mut primary, mut failures): (Option<Connected>, _) = (None, Vec::new());
    loop {
        let attempted = match primary {
            None => attempts.join_next().await,
            Some(_) => timeout(OTHERS_TIMEOUT, attempts.join_next()).await.ok().flatten(),
        };
        let Some(attempted) = attempted else { break };
        match attempted.map_err(|_| StoreError::Gone).flatten() {
            Ok(connected) => {
                if primary.as_ref().is_none_or(|other| connected.timeline > other.timeline) {
                    primary = Some(connected);
                }
            }
            Err(error) => failures.push(error),
        }
    }
    primary.ok_or_else(|| combined(failures))
}

/// What is told when no host can be used. A fault of another kind than that a host is away comes
/// first, because somebody has to cure it.
fn combined(failures: Vec<StoreError>) -> StoreError {
    let mut reasons = Vec::new();
    for failure in failures {
        match failure {
            StoreError::Away(reason) if !reasons.contains(&reason) => reasons.push(reason),
            StoreError::Away(_) => {}
            other => return other,
        }
    }
    StoreError::Away(reasons.join("; "))
}

async fn connect_in_time(
    host: usize,
    config: Config,
    tls: Option<Tls>,
) -> Result<Connected, StoreError> {
    let name = host_name(&config);
    let connected = async {
        match tls {
            Some(tls) => connect(host, &config, tls).await,
            None => connect(host, &config, NoTls).await,
        }
    };
    let limit = HANDSHAKE_TIMEOUT;
    let outcome = timeout(limit, connected).await.unwrap_or_else(|_| Err(no_answer(limit)));
    outcome.map_err(|error| match error {
        StoreError::Away(reason) => StoreError::Away(format!("{name}: {reason}")),
        // A wrong password, or no database of this name: somebody can cure it meanwhile.
        StoreError::Other(reason) => StoreError::Unfit(format!("{name}: {reason}")),
        other => other,
    })
}

async fn connect<T>(host: usize, config: &Config, tls: T) -> Result<Connected, StoreError>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, mut connection) = config.connect(tls).await?;
    let is_unreplicated = Arc::<AtomicBool>::default();
    let noticed = Arc::clone(&is_unreplicated);
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            // The only warning about a COMMIT (src/backend/replication/syncrep.c): the wait for
            // the standby was canceled, and the transaction is committed here alone.
            if let AsyncMessage::Notice(notice) = message
                && notice.code() == &SqlState::WARNING
            {
                noticed.store(true, Ordering::SeqCst);
            }
        }
    });
    let timeline = client.query_one(TIMELINE, &[]).await?.try_get(0)?;
    Ok(Connected { client, host, is_unreplicated, timeline })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_somebody_has_to_cure_is_told_before_hosts_that_are_away() {
        let away = |reason: &str| StoreError::Away(reason.to_owned());
        let all_away = combined(vec![away("no route"), away("it is a standby"), away("no route")]);
        assert!(matches!(all_away, StoreError::Away(told) if told == "no route; it is a standby"));
        let refused = StoreError::Other("wrong password".to_owned());
        let told = combined(vec![away("no route"), refused]);
        assert!(matches!(told, StoreError::Other(told) if told == "wrong password"));
    }
}
