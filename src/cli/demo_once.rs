//! `demo --once`: makes one order and follows it until the modem is empty, checking each step.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::demo_stage::{SAMPLES, Stage, new_code};
use super::print::{self, line};
use crate::domain::{Currency, Msisdn, RowLimit};

/// How long the SMS may stay in the modem after the customer has it.
const EMPTY_WITHIN: Duration = Duration::from_secs(10);

/// Runs one order. Fails unless the code arrives, the ledger adds up and the modem's store becomes
/// empty.
pub(super) async fn run(
    modems: usize,
    listen: Option<SocketAddr>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let stage = Stage::start(modems, listen.unwrap_or(any_port), any_port).await?;
    let address = stage.daemon.address();
    let mut told = Told { json, requests: Vec::new() };
    told.line(&format!("{modems} simulated modems are Ready; customers are served on {address}"))?;
    let outcome = play(&stage, &mut told).await;
    stage.stop().await;
    outcome?;
    told.line("The code arrived, the ledger adds up, and the modem's store is empty.")?;
    if json {
        let listen = address.to_string();
        print::json(&json!({ "ok": true, "listen": listen, "requests": told.requests }))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is told: lines as it happens or, as JSON, the requests at the end.
struct Told {
    json: bool,
    requests: Vec<Value>,
}

impl Told {
    fn line(&self, text: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { line(text) }
    }
}

async fn play(stage: &Stage, told: &mut Told) -> anyhow::Result<()> {
    let sample = SAMPLES.first().context("the demo has no service")?;
    let service = stage.services.first().context("the demo has no service")?;
    let before = ask(stage, told, "/api/getbalance?").await?;
    let made =
        ask(stage, told, &format!("/api/makeorder?serviceId={}&country=NL", service.id)).await?;
    let order = made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_"));
    let (order, _) = order.with_context(|| format!("no order was made: {made}"))?;
    let number = number_of(stage, order).await?;
    let text = sample.text(&new_code()?);
    stage.rack.network().send(sample.sender, number.as_str(), &text)?;
    told.line(&format!("  the network has an SMS from {} for {number}", sample.sender))?;
    let said = ask(stage, told, &format!("/api/getsms?orderId={order}&wait=30")).await?;
    ensure!(said == format!("SUCCESS_{text}"), "the customer did not get the SMS that was sent");
    let after = ask(stage, told, "/api/getbalance?").await?;
    add_up(stage, &before, &after, service.price).await?;
    emptied(stage, &number).await
}

/// Sends a customer's request, and prints it with its answer but without the key.
async fn ask(stage: &Stage, told: &mut Told, path: &str) -> anyhow::Result<String> {
    let answer = stage.get(path).await?;
    let path = path.trim_end_matches('?');
    told.line(&format!("  GET {path}  ->  {answer}"))?;
    told.requests.push(json!({ "path": path, "answer": answer }));
    Ok(answer)
}

/// The number of an order in E.164, as the simulated network knows it.
async fn number_of(stage: &Stage, order: &str) -> anyhow::Result<Msisdn> {
    let orders = stage.daemon.gateway().orders().list(RowLimit::ALL.into()).await?;
    let found = orders.into_iter().find(|view| view.order.id.to_string() == order);
    Ok(found.context("the order is not in the database")?.order.number)
}

async fn add_up(
    stage: &Stage,
    before: &str,
    after: &str,
    price: crate::domain::Amount,
) -> anyhow::Result<()> {
    let amount =
        |text: &str| Currency::USD.parse(text).with_context(|| format!("no balance: {text}"));
    let spent = amount(before)?.checked_sub(amount(after)?);
    ensure!(spent == Some(price), "the customer was not charged the price");
    let account = stage.daemon.gateway().accounts().find("demo".to_owned()).await?;
    ensure!(account.funds.held.0 == 0, "something is still held");
    ensure!(
        stage.daemon.gateway().accounts().ledger_adds_up(account.id).await?,
        "the ledger does not add up"
    );
    Ok(())
}

async fn emptied(stage: &Stage, number: &Msisdn) -> anyhow::Result<()> {
    let empty = async {
        while stage.rack.network().stored(number.as_str()) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let within = tokio::time::timeout(EMPTY_WITHIN, empty).await;
    ensure!(
        within.is_ok(),
        "the modem's store was not emptied within {} s",
        EMPTY_WITHIN.as_secs()
    );
    Ok(())
}
