//! A gateway with something of everything, both sides on it, and somebody of each kind who has
//! signed in.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use tokio_util::sync::CancellationToken;

use super::super::super::admin::WebAddresses;
use super::super::super::console::{Console, ConsoleTools};
use super::super::super::health::{
    DatabaseReport, DiskReport, Faults, Health, Overview, Probes, ProcessReport, StockReport,
    SystemReport,
};
use super::super::super::ids::RequestIds;
use super::super::super::limits::{Limits, Throttle};
use super::super::super::portal::{Portal, PortalTools};
use super::super::SiteSettings;
use crate::domain::login::{Role, SecretToken, Side};
use crate::domain::modem::{ModemCounts, ModemDetail, ModemRequest, RequestError};
use crate::domain::{AccountId, Imsi, OrderId, PortName, Timestamp};
use crate::gateway::tests::Fixture;
use crate::gateway::{
    self, BoxFuture, ChannelReport, ConfigFault, ConfigFindings, ConfigInEffect, ConfigValue,
    ModemControl, Notifier, Reload, Reloaded, ScannedPort, SignInOutcome,
};

/// The password of everybody.
pub(in crate::http) const PASSWORD: &str = "kfjehwgqpxzv-1";
/// Where everybody comes from.
const LOCAL: &str = "127.0.0.1";

/// The hardware and the daemon, as far as pages reach them.
#[derive(Default)]
pub(in crate::http) struct Machine {
    /// Whether the configuration's file has faults.
    has_faults: AtomicBool,
}

impl Machine {
    /// From now on the configuration cannot be read again.
    pub(in crate::http) fn reload_fails(&self) {
        self.has_faults.store(true, Ordering::SeqCst);
    }
}

impl ModemControl for Machine {
    fn detail(&self, _port: &str) -> BoxFuture<'_, Option<ModemDetail>> {
        Box::pin(std::future::ready(Some(ModemDetail {
            transcript: vec!["1.0 > AT".to_owned()],
            ..ModemDetail::default()
        })))
    }

    fn recording(&self, _port: &str) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(std::future::ready(Some(vec!["1.0 > AT".to_owned()])))
    }

    fn screen_command(&self, command: &str, forced: bool) -> Result<String, RequestError> {
        match command {
            "AT+EGMR" => Err(RequestError::WritesImei),
            "AT+CFUN=0" if !forced => Err(RequestError::NeedsForce),
            _ => Ok(command.to_owned()),
        }
    }

    fn request(
        &self,
        _port: PortName,
        _request: ModemRequest,
    ) -> BoxFuture<'_, Result<Vec<String>, RequestError>> {
        Box::pin(async { Ok(vec!["+CSQ: 20,99".to_owned()]) })
    }

    fn own_number_code(&self, _imsi: &Imsi) -> Option<String> {
        None
    }

    fn switch(&self, _: &str, _: &str, _: u32) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Ok("switched".to_owned()) })
    }

    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        Box::pin(async { Vec::new() })
    }
}

impl Reload for Machine {
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, String>> {
        let done = match self.has_faults.load(Ordering::SeqCst) {
            true => Err("a.toml:3: wrong\na.toml:9: wrong".to_owned()),
            false => Ok(Reloaded {
                applied: vec!["orders.lifetime = \"5m\"".to_owned()],
                needs_restart: vec!["http.listen = \"127.0.0.1:1\"".to_owned()],
            }),
        };
        Box::pin(async { done })
    }

    fn in_effect(&self) -> ConfigInEffect {
        let value = |key: &str, value: &str, line| ConfigValue {
            key: key.to_owned(),
            value: value.to_owned(),
            line,
        };
        ConfigInEffect {
            file: Some("/etc/simbridge.toml".to_owned()),
            values: vec![
                value("http.listen", "\"127.0.0.1:8080\"", None),
                value("orders.lifetime", "\"10m\"", Some(4)),
            ],
        }
    }

    fn check(&self) -> BoxFuture<'_, Result<ConfigFindings, String>> {
        let fault = ConfigFault {
            file: "/etc/simbridge.toml".to_owned(),
            line: Some(7),
            text: "unknown key <x>".to_owned(),
        };
        let warnings = vec!["[[bank]] is not used".to_owned()];
        Box::pin(async { Ok(ConfigFindings { faults: vec![fault], warnings }) })
    }
}

impl Notifier for Machine {
    fn channels(&self) -> Vec<ChannelReport> {
        Vec::new()
    }

    fn test(&self, _: Option<String>) -> BoxFuture<'_, Vec<(String, Result<(), String>)>> {
        Box::pin(async { Vec::new() })
    }
}

impl Probes for Machine {
    fn metrics(&self) -> String {
        String::new()
    }

    fn liveness_faults(&self) -> Faults<'_> {
        Box::pin(async { Vec::new() })
    }

    fn readiness_faults(&self) -> Faults<'_> {
        Box::pin(async { Vec::new() })
    }

    fn modem_counts(&self) -> ModemCounts {
        ModemCounts { total: 0, ready: 0 }
    }
}

impl Health for Machine {
    fn overview(&self) -> Overview {
        Overview {
            version: "0.1.0",
            started_at: self.started_at(),
            system: self.system(),
            uptime_seconds: 0,
            last_message_at: None,
            last_message_seconds: None,
            stock: self.stock(),
            alarms: Vec::new(),
        }
    }

    fn stock(&self) -> Vec<StockReport> {
        let stock = |service: &str, count| StockReport {
            service: service.to_owned(),
            country: "NL".to_owned(),
            count,
            used_per_day: 0.0,
            days_left: None,
            sims_needed: 0,
        };
        vec![stock("Uber <b>", 0), stock("Grab", 3)]
    }

    fn started_at(&self) -> Timestamp {
        Timestamp(1_780_000_000_000_000)
    }

    fn system(&self) -> SystemReport {
        SystemReport {
            database: DatabaseReport {
                file: "/var/lib/simbridge.db".to_owned(),
                lead: None,
                bytes: Some(1_000_000),
                log_bytes: Some(4_000),
                waiting: 0,
                fault: None,
            },
            disk: Some(DiskReport { free_bytes: 1, size_bytes: 9, is_low: true }),
            process: ProcessReport {
                cpu_seconds: 1.5,
                memory_bytes: Some(30_000_000),
                open_files: Some(12),
                max_files: Some(1024),
                threads: None,
            },
        }
    }
}

/// Both sides, and the people who have signed in.
pub(in crate::http) struct Stage {
    pub(in crate::http) fixture: Fixture,
    pub(in crate::http) console: Console,
    pub(in crate::http) portal: Portal,
    pub(in crate::http) machine: Arc<Machine>,
    pub(in crate::http) stopping: CancellationToken,
    operators: Vec<(Role, SecretToken)>,
    customer: SecretToken,
    pub(in crate::http) account: AccountId,
    pub(in crate::http) order: OrderId,
}

/// An answer.
pub(in crate::http) struct Reply {
    pub(in crate::http) status: StatusCode,
    pub(in crate::http) headers: HeaderMap,
    /// Where it sends the browser.
    pub(in crate::http) location: Option<String>,
    text: String,
}

impl Reply {
    pub(in crate::http) fn text(&self) -> &str {
        &self.text
    }

    /// The cookies that it sets, each with all that it says of it.
    pub(in crate::http) fn cookies(&self) -> Vec<String> {
        let all = self.headers.get_all(SET_COOKIE).into_iter();
        all.map(|value| value.to_str().unwrap().to_owned()).collect()
    }
}

/// Somebody's browser.
pub(in crate::http) struct Client {
    send: Box<dyn Fn(Request<Body>) -> BoxFuture<'static, axum::response::Response>>,
    cookie: Option<String>,
}

impl Client {
    /// Sends a request as it is, with the client's cookie.
    pub(in crate::http) async fn send(&self, mut request: Request<Body>) -> Reply {
        if let Some(cookie) = &self.cookie {
            let cookie = HeaderValue::try_from(cookie).unwrap();
            request.headers_mut().insert(COOKIE, cookie);
        }
        let response = (self.send)(request).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let location = head.headers.get(LOCATION);
        Reply {
            status: head.status,
            location: location.map(|value| value.to_str().unwrap().to_owned()),
            headers: head.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub(in crate::http) async fn get(&self, address: &str) -> Reply {
        self.send(request(Method::GET, address, Body::empty(), &[])).await
    }

    /// Sends the filters of a list that do not stand in its address, and goes on to the list.
    pub(in crate::http) async fn search(&self, page: &str, fields: &[(&str, &str)]) -> Reply {
        let reply = self.post(page, fields).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text());
        self.get(&reply.location.unwrap()).await
    }

    /// Sends a form as a browser sends one of our own pages. After a refusal it goes on to the
    /// page that says why.
    pub(in crate::http) async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Reply {
        let reply = self.post_with(address, fields, &[("sec-fetch-site", "same-origin")]).await;
        match &reply.location {
            Some(location) if location.contains("?tried=") => self.get(location).await,
            _ => reply,
        }
    }

    pub(in crate::http) async fn post_with(
        &self,
        address: &str,
        fields: &[(&str, &str)],
        headers: &[(&'static str, &str)],
    ) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(request(Method::POST, address, Body::from(body), headers)).await
    }

    /// The same browser with another cookie.
    pub(in crate::http) fn with_cookie(self, cookie: Option<String>) -> Client {
        Client { cookie, ..self }
    }
}

pub(in crate::http) fn request(
    method: Method,
    address: &str,
    body: Body,
    headers: &[(&'static str, &str)],
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(address).body(body).unwrap();
    let map = request.headers_mut();
    map.insert(HOST, HeaderValue::from_static("127.0.0.1:8081"));
    map.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), HeaderValue::try_from(*value).unwrap());
    }
    request
}

pub(in crate::http) fn somebody() -> gateway::Visitor {
    gateway::Visitor { address: local(), browser: "a test".to_owned() }
}

fn local() -> IpAddr {
    LOCAL.parse().unwrap()
}

impl Stage {
    pub(in crate::http) async fn new() -> Stage {
        Stage::with(SiteSettings::default()).await
    }

    pub(in crate::http) async fn with(settings: SiteSettings) -> Stage {
        let fixture = Fixture::open().await;
        let gateway = fixture.gateway.clone();
        fixture.plug(1).await;
        fixture.plug(2).await;
        let account = fixture.customer("uber@portal", 2500).await;
        let service = fixture.service("Uber <b>", &["^Uber$"]).await;
        let order = fixture.order(account, service).await;
        fixture.sms(1, "Uber", "Your <script>code</script> is 846691").await;
        fixture.sms(2, "Uber", "Your <script>code</script> is 846691").await;
        let mut operators = Vec::new();
        for role in Role::ALL {
            let name = role.as_str().to_owned();
            let link = gateway.people().add_operator(name, Some(role)).await.unwrap();
            let text = link.token.reveal();
            operators.push((role, accept(&gateway, Side::Console, &text).await));
        }
        let link = gateway.people().invite_customer("uber@portal".to_owned(), None).await.unwrap();
        let customer = accept(&gateway, Side::Portal, &link.token.reveal()).await;
        let (ids, stopping) = (RequestIds::starting_at(gateway.now()), CancellationToken::new());
        let (ids, machine) = (Arc::new(ids), Arc::<Machine>::default());
        let tools = ConsoleTools {
            modems: machine.clone(),
            reload: machine.clone(),
            notices: machine.clone(),
            health: machine.clone(),
            web: WebAddresses::default(),
        };
        let console = Console::new(
            gateway.clone(),
            tools,
            settings.clone(),
            Arc::clone(&ids),
            stopping.clone(),
        );
        let throttle = Throttle::new(Limits::default());
        let tools = PortalTools::new(throttle);
        let portal = Portal::new(gateway, tools, settings, ids, stopping.clone());
        Stage { fixture, console, portal, machine, stopping, operators, customer, account, order }
    }

    /// A browser at the console in which nobody has signed in.
    pub(in crate::http) fn console_guest(&self) -> Client {
        let console = self.console.clone();
        Client { send: Box::new(move |request| console.answer(request, local())), cookie: None }
    }

    /// The browser of an operator.
    pub(in crate::http) fn console(&self, role: Role) -> Client {
        let token = self.operators.iter().find(|(known, _)| *known == role);
        let token = token.map(|(_, token)| token.reveal()).unwrap();
        self.console_guest().with_cookie(Some(format!("sb_console={token}")))
    }

    /// A browser at the portal in which nobody has signed in.
    pub(in crate::http) fn portal_guest(&self) -> Client {
        let portal = self.portal.clone();
        Client { send: Box::new(move |request| portal.answer(request, local())), cookie: None }
    }

    /// The browser of a customer.
    pub(in crate::http) fn portal(&self) -> Client {
        let cookie = format!("sb_portal={}", self.customer.reveal());
        self.portal_guest().with_cookie(Some(cookie))
    }
}

async fn accept(gateway: &gateway::Gateway, side: Side, link: &str) -> SecretToken {
    let people = gateway.people();
    let outcome = people.accept_link(side, link, PASSWORD.to_owned(), somebody()).await.unwrap();
    match outcome {
        SignInOutcome::SignedIn { token } => token,
        other => panic!("{other:?}"),
    }
}
