//! The endpoints that accounts have their events sent to.

use rusqlite::params;
use rusqlite::types::ValueRef;

use super::engine::{Row, mode, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::key::KeyMode;
use crate::domain::webhook::{Endpoint, EndpointState, EndpointUrl, Secret, Secrets, Subscription};
use crate::domain::{AccountId, EndpointId, EventId, Timestamp};

const ENDPOINT: &str = "SELECT id, account_id, url, types, secret, former_secret, former_until, \
                        off_reason, failing_since, created_at, test FROM webhook_endpoint WHERE \
                        deleted_at IS NULL";

/// How many endpoints there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointCounts {
    /// How many endpoints are on and have not failed since their last success.
    pub on: u32,
    /// How many endpoints are on and fail.
    pub failing: u32,
    /// How many endpoints are off.
    pub off: u32,
    /// Since when the one of those that are on fails that has failed for the shortest time.
    pub failing_since: Option<Timestamp>,
    /// The endpoints that are on and have failed for long, each since when: those first that have
    /// for longest.
    pub failing_long: Vec<(EndpointId, Timestamp)>,
    /// When the event happened that has waited for longest to be taken by one that is on.
    pub oldest_waiting: Option<Timestamp>,
}

fn endpoint(row: &Row<'_>) -> rusqlite::Result<Endpoint> {
    let former = row.get::<Option<[u8; 32]>>(5)?.zip(row.get::<Option<i64>>(6)?);
    let state = match row.get_ref(7)? {
        ValueRef::Null => EndpointState::On,
        _ => EndpointState::Off(parsed(row, 7)?),
    };
    Ok(Endpoint {
        id: EndpointId(row.get(0)?),
        account: AccountId(row.get(1)?),
        url: parsed(row, 2)?,
        subscription: parsed(row, 3)?,
        secrets: Secrets {
            current: Secret::from_entropy(row.get(4)?),
            former: former.map(|(key, until)| (Secret::from_entropy(key), Timestamp(until))),
        },
        state,
        failing_since: row.get::<Option<i64>>(8)?.map(Timestamp),
        created_at: Timestamp(row.get(9)?),
        mode: mode(row, 10)?,
    })
}

impl ReadTx<'_> {
    /// All endpoints, or those of an account, oldest first.
    pub fn webhook_endpoints(
        &self,
        account: Option<AccountId>,
    ) -> Result<Vec<Endpoint>, StoreError> {
        match account {
            Some(account) => {
                let sql = format!("{ENDPOINT} AND account_id = $1 ORDER BY id");
                self.all(&sql, [account.0], endpoint)
            }
            None => self.all(&format!("{ENDPOINT} ORDER BY id"), [], endpoint),
        }
    }

    /// The endpoint with this id, unless it was deleted.
    pub fn webhook_endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.first(&format!("{ENDPOINT} AND id = $1"), [id.0], endpoint)
    }

    /// Those of all endpoints, or of some, that are sent events now: they are on, and their account
    /// is not suspended.
    pub fn active_endpoints(&self) -> Result<Vec<(EndpointId, AccountId)>, StoreError> {
        let sql = "SELECT e.id, e.account_id FROM webhook_endpoint e JOIN account a ON a.id = \
                   e.account_id WHERE e.deleted_at IS NULL AND e.off_reason IS NULL AND \
                   a.suspended_at IS NULL ORDER BY e.id";
        self.all(sql, [], |row| Ok((EndpointId(row.get(0)?), AccountId(row.get(1)?))))
    }

    /// The account of an endpoint that is sent events now, and the event up to which everything has
    /// its delivery.
    pub fn active_endpoint(
        &self,
        id: EndpointId,
    ) -> Result<Option<(AccountId, EventId)>, StoreError> {
        let sql = "SELECT e.account_id, e.position FROM webhook_endpoint e JOIN account a ON a.id \
                   = e.account_id WHERE e.id = $1 AND e.deleted_at IS NULL AND e.off_reason IS \
                   NULL AND a.suspended_at IS NULL";
        self.first(sql, [id.0], |row| Ok((AccountId(row.get(0)?), EventId(row.get(1)?))))
    }

    /// How many endpoints there are, which of them have failed since `long_ago` or for longer, and
    /// what has waited for longest.
    pub fn endpoint_counts(&self, long_ago: Timestamp) -> Result<EndpointCounts, StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE off_reason IS NULL AND failing_since IS NULL), \
                   count(*) FILTER (WHERE off_reason IS NULL AND failing_since IS NOT NULL), \
                   count(*) FILTER (WHERE off_reason IS NOT NULL), max(failing_since) FILTER \
                   (WHERE off_reason IS NULL), (SELECT min(e.at) FROM webhook_delivery d JOIN \
                   event e ON e.id = d.event_id JOIN webhook_endpoint p ON p.id = d.endpoint_id \
                   WHERE d.state = 'waiting' AND d.repeated = 0 AND p.off_reason IS NULL AND \
                   p.deleted_at IS NULL) FROM webhook_endpoint WHERE deleted_at IS NULL";
        let counted = self.first(sql, [], |row| {
            Ok(EndpointCounts {
                on: row.get(0)?,
                failing: row.get(1)?,
                off: row.get(2)?,
                failing_since: row.get::<Option<i64>>(3)?.map(Timestamp),
                failing_long: Vec::new(),
                oldest_waiting: row.get::<Option<i64>>(4)?.map(Timestamp),
            })
        });
        let sql = "SELECT id, failing_since FROM webhook_endpoint WHERE deleted_at IS NULL AND \
                   off_reason IS NULL AND failing_since <= $1 ORDER BY failing_since, id";
        let failing_long = self
            .all(sql, [long_ago.0], |row| Ok((EndpointId(row.get(0)?), Timestamp(row.get(1)?))))?;
        Ok(EndpointCounts { failing_long, ..counted?.unwrap_or_default() })
    }
}

impl WriteTx<'_> {
    /// Adds an endpoint, which is sent what happens from now on to what keys of this mode open.
    pub fn add_webhook_endpoint(
        &self,
        (account, mode): (AccountId, KeyMode),
        url: &EndpointUrl,
        subscription: &Subscription,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<EndpointId, StoreError> {
        let sql = "INSERT INTO webhook_endpoint (account_id, url, types, secret, created_at, \
                   position, test) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let position = self.newest_event()?.0;
        let types = subscription.stored();
        let (url, secret, is_test) = (url.as_str(), secret.bytes(), mode.is_test());
        let values = params![account.0, url, types, secret, now.0, position, is_test];
        Ok(EndpointId(self.insert(sql, values)?))
    }

    /// Saves what can change of an endpoint.
    pub fn save_webhook_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_endpoint SET url = $1, types = $2, secret = $3, former_secret = \
                   $4, former_until = $5, off_reason = $6, failing_since = $7 WHERE id = $8 AND \
                   deleted_at IS NULL";
        let Secrets { current, former } = &endpoint.secrets;
        let values = params![
            endpoint.url.as_str(),
            endpoint.subscription.stored(),
            current.bytes(),
            former.as_ref().map(|(secret, _)| secret.bytes()),
            former.map(|(_, until)| until.0),
            endpoint.state.off_reason().map(|reason| reason.as_str()),
            endpoint.failing_since.map(|since| since.0),
            endpoint.id.0
        ];
        self.change_one(sql, values, "webhook_endpoint", endpoint.id)
    }

    /// Notes that each event up to this one has its delivery to an endpoint, or needs none.
    pub fn advance_webhook_position(
        &self,
        id: EndpointId,
        position: EventId,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_endpoint SET position = $1 WHERE id = $2 AND position < $1";
        self.change(sql, [position.0, id.0])
    }

    /// Begins the removal of an endpoint: nobody sees it any more, and nothing is sent to it.
    pub fn delete_webhook_endpoint(
        &self,
        id: EndpointId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE webhook_endpoint SET url = '', secret = $1, former_secret = NULL, \
                   former_until = NULL, deleted_at = $2 WHERE id = $3";
        self.change(sql, params![[0_u8; 32], now.0, id.0])
    }

    /// Removes endpoints whose removal has begun, and their deliveries: at most `limit` of them in
    /// all. Returns how many.
    pub fn purge_deleted_endpoints(&self, limit: i64) -> Result<usize, StoreError> {
        let deleted = "SELECT id FROM webhook_endpoint WHERE deleted_at IS NOT NULL ORDER BY id \
                       LIMIT 1";
        let Some(id) = self.first(deleted, [], |row| row.get::<i64>(0))? else { return Ok(0) };
        let deliveries = "DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM \
                          webhook_delivery WHERE endpoint_id = $1 ORDER BY event_id LIMIT $2)";
        match self.change_counted(deliveries, [id, limit])? {
            0 => self.change_counted("DELETE FROM webhook_endpoint WHERE id = $1", [id]),
            count => Ok(count),
        }
    }
}
